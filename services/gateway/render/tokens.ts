import { CLOCK_SKEW_SECONDS } from '#chassis/grpc/tokens.ts'
import type { Exposed } from '../exposed.ts'
import type { GatewayOptions } from '../options.ts'
import { type Config, httpFilter, seconds } from './envoy.ts'
import { KEYS_CLUSTER, keysUrl } from './keys.ts'
import { pathRegex, restRoutes } from './paths.ts'
import { siteRules } from './site.ts'

const PROVIDER = 'promptforge'

/** Where a verified token's claims lie in a request's metadata, for the filters after the check. */
export const CLAIMS = { filter: 'envoy.filters.http.jwt_authn', key: 'jwt' }

// A bad token is refused on a public path too.
const OPTIONAL = { requires_any: { requirements: [{ provider_name: PROVIDER }, { allow_missing: {} }] } }
const REQUIRED = { provider_name: PROVIDER }

// CONNECT has no path; without a rule it would wait for the end of a body that never comes.
const THE_REST = [{ prefix: '/' }, { connect_matcher: {} }].map((match) => ({ match, requires: REQUIRED }))

/**
 * The filter that verifies access tokens. By path, for it runs before the transcoder: what the contract calls public may come
 * without a token, REST routes and gRPC paths alike, and everything else, known or not, needs one.
 */
export function tokenFilter(methods: Exposed[], { auth, keysSeconds }: GatewayOptions): Config {
  return httpFilter('jwt_authn', 'jwt_authn.v3.JwtAuthentication', {
    providers: { [PROVIDER]: provider(auth, keysUrl(methods), keysSeconds) },
    rules: [...siteRules(), ...restRules(methods), ...grpcRules(methods), ...THE_REST],
  })
}

// The services verify it again, so it goes on (forward). A token in a URL would end in logs: only the header counts.
const provider = ({ issuer, audience }: GatewayOptions['auth'], uri: string, keysSeconds: number) => ({
  issuer,
  audiences: [audience],
  require_expiration: true,
  clock_skew_seconds: CLOCK_SKEW_SECONDS,
  from_headers: [{ name: 'authorization', value_prefix: 'Bearer ' }], // gateway.lua has normalised the scheme
  forward: true,
  payload_in_metadata: CLAIMS.key,
  jwt_cache_config: { jwt_cache_size: 1000 },
  remote_jwks: {
    http_uri: { uri, cluster: KEYS_CLUSTER, timeout: '3s' },
    cache_duration: seconds(keysSeconds),
    // The listener that answers is among those that would wait for the first fetch: it must not be waited for.
    // Whole seconds: with less Envoy never tries again by itself.
    async_fetch: { fast_listener: true, failed_refetch_duration: '1s' },
  },
})

function restRules(methods: Exposed[]) {
  return restRoutes(methods).map(({ method, route }) => ({
    match: {
      safe_regex: { regex: pathRegex(route.path) },
      headers: [{ name: ':method', string_match: { exact: route.verb } }],
    },
    requires: method.isPublic ? OPTIONAL : REQUIRED,
  }))
}

function grpcRules(methods: Exposed[]) {
  return methods.filter(({ isPublic }) => isPublic).map(({ path }) => ({ match: { path }, requires: OPTIONAL }))
}
