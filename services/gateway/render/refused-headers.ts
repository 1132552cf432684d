import type { Config } from './envoy.ts'

/** A header whose value the gateway refuses, unless all of it matches a regular expression. */
type RefusedHeader = {
  /** The name of the route for such requests: a refusal is told apart by it. */
  routeName: string
  header: string
  /** RE2. */
  allowed: string
  message: string
}

export const REFUSED_HEADERS: RefusedHeader[] = [
  {
    // A message of 4 KiB becomes one of 4 MiB. Nobody has to compress requests: answers are long, and those are compressed.
    routeName: 'compressed',
    header: 'grpc-encoding',
    allowed: 'identity',
    message: 'compressed requests are not accepted: send it again without grpc-encoding',
  },
  {
    // The gRPC library of a service would answer INTERNAL, or take it for another time.
    routeName: 'bad grpc-timeout',
    header: 'grpc-timeout',
    allowed: '[0-9]{1,8}[HMSmun]',
    message: 'grpc-timeout is not a time: send up to eight digits and one of H, M, S, m, u, n',
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
