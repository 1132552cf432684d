import { MAX_MESSAGE_BYTES } from '#contracts/contract.ts'
import type { Exposed } from '../exposed.ts'
import { type Config, httpFilter, typed } from './envoy.ts'
import { pathRegex, restRoutes, SLASHES } from './paths.ts'

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

/** What a method's route says of the size of its requests: nothing where it is the usual one. */
export const bufferOf = ({ maxRequestBytes }: Exposed): Config =>
  maxRequestBytes === MAX_MESSAGE_BYTES
    ? {}
    : {
        name: routeName(maxRequestBytes),
        typed_per_filter_config: {
          [BUFFER]: typed('extensions.filters.http.buffer.v3.BufferPerRoute', {
            buffer: { max_request_bytes: maxRequestBytes },
          }),
        },
      }

/**
 * Routes by REST path, for the buffer alone: it stands before the transcoder, after which a request is matched again by its gRPC
 * path. One that the transcoder lets pass goes where requests without a route go. All paths are here if one is, for the first that
 * matches counts.
 */
export function restSizeRoutes(methods: Exposed[], nowhere: Config): Config[] {
  if (!methods.some(hasOwnLimit)) return []
  return restRoutes(methods).map(({ method, route }) => ({
    ...bufferOf(method),
    match: {
      safe_regex: { regex: pathRegex(route.path) + SLASHES },
      headers: [{ name: ':method', string_match: { exact: route.verb } }],
    },
    route: nowhere,
  }))
}

const hasOwnLimit = ({ maxRequestBytes }: Exposed) => maxRequestBytes !== MAX_MESSAGE_BYTES
