import { RATE_CLASSES } from '#contracts/contract.ts'
import type { Exposed } from '../exposed.ts'
import type { GatewayOptions, Limit } from '../options.ts'
import { type Config, extension } from './envoy.ts'
import { pathRegex, SLASHES } from './paths.ts'
import { CLAIMS } from './tokens.ts'

// An IPv6 client has a whole /64 to choose addresses from.
const ADDRESS = { masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } }
const ADDRESS_KEY = 'masked_remote_address'

const CLASS_KEY = 'rate_class'
const inClass = (name: string) => ({ descriptor_key: CLASS_KEY, descriptor_value: name })

/** How many clients or users have a bucket of their own at a time; the one unused for longest loses its. */
const BUCKETS = 10_000

/** Limits by address: for everything, and one for each rate class of the contract. Stands before the token check. */
export function addressLimit(methods: Exposed[], { limits }: GatewayOptions): Config {
  const classes = RATE_CLASSES.map((name) => ({ name, members: methods.filter(({ rateClass }) => rateClass === name) }))
  return limiter('address', [
    { actions: [ADDRESS], entries: [{ key: ADDRESS_KEY }], limit: limits.address },
    ...classes
      .filter(({ members }) => members.length > 0)
      .map(({ name, members }) => ({
        actions: [{ header_value_match: { ...inClass(name), headers: [pathsOf(members)] } }, ADDRESS],
        entries: [{ key: CLASS_KEY, value: name }, { key: ADDRESS_KEY }],
        limit: limits.classes[name],
      })),
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

function pathsOf(methods: Exposed[]) {
  const paths = methods.flatMap(({ path, routes }) => [path, ...routes.map((route) => route.path)].map(pathRegex))
  return { name: ':path', string_match: { safe_regex: { regex: `(${paths.join('|')})${SLASHES}(\\?.*)?` } } }
}
