import { MAX_MESSAGE_BYTES } from '#contracts/request-size.ts'
import type { Exposed } from '../exposed.ts'
import { type Config, httpFilter, typed } from './envoy.ts'

const BUFFER = 'envoy.filters.http.buffer'

/** The filter that holds a request until it is whole, and refuses one that is larger than its route says, or than usual. */
export const requestBuffer = (): Config =>
  httpFilter('buffer', 'buffer.v3.Buffer', { max_request_bytes: MAX_MESSAGE_BYTES })

/** The limits that differ from the usual one, each once. */
export const ownLimits = (methods: Exposed[]): number[] => [
  ...new Set(methods.filter(hasOwnLimit).map(({ maxRequestBytes }) => maxRequestBytes)),
]

/** The name of every route with this limit: a refusal is told apart by it. */
export const routeName = (bytes: number) => `at most ${bytes} bytes`

/** What a method's route says of the size of its requests: its name and what it says to filters; nothing where it is the usual one. */
export const bufferOf = ({ maxRequestBytes }: Exposed): { name?: string; filters: Config } =>
  maxRequestBytes === MAX_MESSAGE_BYTES
    ? { filters: {} }
    : {
        name: routeName(maxRequestBytes),
        filters: {
          [BUFFER]: typed('extensions.filters.http.buffer.v3.BufferPerRoute', {
            buffer: { max_request_bytes: maxRequestBytes },
          }),
        },
      }

const hasOwnLimit = ({ maxRequestBytes }: Exposed) => maxRequestBytes !== MAX_MESSAGE_BYTES
