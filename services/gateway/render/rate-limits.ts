import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Exposed } from '../exposed.ts'
import type { GatewayOptions, Limit } from '../options.ts'
import { type Config, extension } from './envoy.ts'
import { pathRegex } from './paths.ts'
import { CLAIMS } from './tokens.ts'

// An IPv6 client has a whole /64 to choose addresses from.
const ADDRESS = { masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } }
const ADDRESS_KEY = 'masked_remote_address'

/** How many clients or users have a bucket of their own at a time; the one unused for longest loses its. */
const BUCKETS = 10_000

/** Limits by address: for everything, and a lower one for the RPCs that check or make credentials. Stands before the token check. */
export function addressLimit(methods: Exposed[], { limits }: GatewayOptions): Config {
  const auth = {
    header_value_match: { descriptor_key: 'auth', descriptor_value: 'auth', headers: [authPaths(methods)] },
  }
  return limiter('address', [
    { actions: [ADDRESS], entries: [{ key: ADDRESS_KEY }], limit: limits.address },
    { actions: [auth, ADDRESS], entries: [{ key: 'auth', value: 'auth' }, { key: ADDRESS_KEY }], limit: limits.auth },
  ])
}

/** The limit of a signed-in user, by the verified token. Stands after the token check. */
export function userLimit({ limits }: GatewayOptions): Config {
  const user = {
    metadata: {
      descriptor_key: 'user',
      metadata_key: { key: CLAIMS.filter, path: [{ key: CLAIMS.key }, { key: 'sub' }] },
      skip_if_absent: true,
    },
  }
  return limiter('user', [{ actions: [user], entries: [{ key: 'user' }], limit: limits.user }])
}

type Rule = { actions: Config[]; entries: { key: string; value?: string }[]; limit: Limit }

const limiter = (name: string, rules: Rule[]) =>
  extension(`${name}_limit`, 'extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: `${name}_limit`,
    token_bucket: UNLIMITED,
    filter_enabled: ALWAYS,
    filter_enforced: ALWAYS,
    enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
    rate_limited_as_resource_exhausted: true,
    max_dynamic_descriptors: BUCKETS,
    rate_limits: rules.map(({ actions }) => ({ actions })),
    descriptors: rules.map(({ entries, limit }) => ({ entries, token_bucket: bucket(limit) })),
  })

const ALWAYS = { default_value: { numerator: 100 } }

// What no rule is for, such as a request without a user.
const UNLIMITED = { max_tokens: 1_000_000, tokens_per_fill: 1_000_000, fill_interval: '1s' }

const bucket = ({ perSecond, burst }: Limit) => ({
  max_tokens: burst,
  tokens_per_fill: perSecond,
  fill_interval: '1s',
})

/** Reading the public keys is no sign-in. */
function authPaths(methods: Exposed[]) {
  const service = AuthServiceService.login.path.split('/')[1]
  const costly = methods.filter((method) => method.service === service && !method.readOnly)
  const paths = costly.flatMap(({ path, routes }) => [path, ...routes.map((route) => route.path)].map(pathRegex))
  return { name: ':path', string_match: { safe_regex: { regex: `(${paths.join('|')})(\\?.*)?` } } }
}
