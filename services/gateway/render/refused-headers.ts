import { type AppError, badTimeout, compressedRequest } from '#chassis/errors.ts'
import type { Config } from './envoy.ts'

/** A header that the gateway refuses, as a service would, unless all of its value matches a regular expression. */
type RefusedHeader = {
  /** The name of the route for such requests: a refusal is told apart by it. */
  routeName: string
  header: string
  /** RE2. */
  allowed: string
  error: AppError
}

export const REFUSED_HEADERS: RefusedHeader[] = [
  {
    routeName: 'compressed',
    header: 'grpc-encoding',
    allowed: 'identity',
    error: compressedRequest(),
  },
  {
    routeName: 'bad grpc-timeout',
    header: 'grpc-timeout',
    allowed: '[0-9]{1,8}[HMSmun]',
    error: badTimeout(),
  },
]

/** Matches requests with such a header. */
export const matchOf = ({ header: name, allowed }: RefusedHeader): Config => ({
  prefix: '/',
  headers: [
    { name, present_match: true },
    { name, string_match: { safe_regex: { regex: allowed } }, invert_match: true },
  ],
})
