import { LONGEST_STREAM_MS } from '#contracts/contract.ts'
import type { Exposed } from '../exposed.ts'
import type { GatewayOptions } from '../options.ts'
import { bodyFieldsOf } from './body-fields.ts'
import { type Config, seconds, typed } from './envoy.ts'
import { pathRegex, type RestRoute, restRoutes, SLASHES } from './paths.ts'
import { matchOf, REFUSED_HEADERS } from './refused-headers.ts'
import { bufferOf } from './request-sizes.ts'
import { largestSiteFile, siteRoutes } from './site.ts'

/** What a page may send, and may read of an answer, beside what browsers always allow. */
const CORS = {
  allow_methods: 'GET,POST,PUT,PATCH,DELETE,OPTIONS',
  allow_headers:
    'authorization,content-type,idempotency-key,if-none-match,x-request-id,x-grpc-web,x-user-agent,grpc-timeout',
  expose_headers:
    'grpc-status,grpc-message,grpc-status-details-bin,x-request-id,etag,retry-after,x-ratelimit-limit,x-ratelimit-remaining,x-ratelimit-reset',
  max_age: '600',
}

// A retry goes to another instance. The balancer draws until it has one: it likes the instance that fails, for that has the
// fewest requests, so with few draws many a retry would go there again (tests/retries.test.ts).
const RETRY = {
  num_retries: 1,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: typed('extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
    },
  ],
  host_selection_retry_max_attempts: 30,
}

/**
 * One route for each RPC, by its gRPC path: REST requests are matched again when the transcoder has rewritten theirs. What is
 * left has no route. It is given a cluster that does not exist, not a direct response: CORS does not apply to those.
 */
export function routeTable(methods: Exposed[], { corsOrigins, folder }: GatewayOptions): Config {
  return {
    name: 'edge',
    max_direct_response_body_size_bytes: largestSiteFile(),
    validate_clusters: false,
    virtual_hosts: [
      {
        name: 'api',
        domains: ['*'],
        response_headers_to_remove: ['grpc-encoding', 'grpc-accept-encoding'],
        typed_per_filter_config: { 'envoy.filters.http.cors': corsPolicy(corsOrigins) },
        routes: [
          ...REFUSED,
          ...siteRoutes(folder),
          ...methods.map(methodRoute),
          ...restRoutes(methods).map(restRoute),
          NO_ROUTE,
        ],
      },
    ],
  }
}

/** A cluster name that no cluster has. */
const NOWHERE = 'nowhere'

const NO_ROUTE = {
  match: { prefix: '/' },
  route: { cluster: NOWHERE, cluster_not_found_response_code: 'NOT_FOUND' },
}

// Before all others, so whatever the path is.
const REFUSED = REFUSED_HEADERS.map((one) => ({ ...NO_ROUTE, name: one.routeName, match: matchOf(one) }))

function methodRoute(method: Exposed): Config {
  const { deadline, ...route } = routeOf(method)
  const { filters, ...named } = bufferOf(method)
  return {
    ...named,
    typed_per_filter_config: filters,
    match: { path: method.path },
    route: { cluster: method.owner, ...route },
    // REST callers send no deadline: the service learns when its answer will not be waited for any more.
    ...(deadline && {
      request_headers_to_add: [
        { header: { key: 'grpc-timeout', value: `${deadline}m` }, append_action: 'ADD_IF_ABSENT' },
      ],
    }),
  }
}

/**
 * A route by REST path, for the filters before the transcoder alone: after it a request is matched again by its gRPC path. One that
 * the transcoder lets pass goes where requests without a route go.
 */
function restRoute(rest: RestRoute): Config {
  const { method, route } = rest
  const { filters, ...named } = bufferOf(method)
  return {
    ...named,
    typed_per_filter_config: { ...filters, ...bodyFieldsOf(rest) },
    match: {
      safe_regex: { regex: pathRegex(route.path) + SLASHES },
      headers: [{ name: ':method', string_match: { exact: route.verb } }],
    },
    route: NO_ROUTE.route,
  }
}

/** Milliseconds that a call may take when its method does not say. */
const READ_MS = 5_000
const WRITE_MS = 10_000

/** Of a read that does not say how long it may take, milliseconds: the second attempt has the rest. */
const FIRST_TRY_MS = 2_000

// The service cannot have begun: it was not reached, or its connection was taking no new calls.
const UNBEGUN = 'connect-failure,refused-stream'

/** Deadlines and retries: reads may be repeated whatever happened, writes and streams only when they cannot have begun. */
function routeOf({ readOnly, serverStreaming, deadlineMs }: Exposed) {
  if (serverStreaming) {
    const max_stream_duration = millis(deadlineMs ?? LONGEST_STREAM_MS)
    return {
      timeout: '0s',
      idle_timeout: '120s',
      max_stream_duration: { max_stream_duration },
      retry_policy: { ...RETRY, retry_on: UNBEGUN },
    }
  }
  const deadline = deadlineMs ?? (readOnly ? READ_MS : WRITE_MS)
  return {
    deadline,
    timeout: millis(deadline),
    max_stream_duration: { grpc_timeout_header_max: millis(deadline) },
    retry_policy: {
      ...RETRY,
      retry_on: readOnly ? `${UNBEGUN},reset,unavailable` : UNBEGUN,
      // A read that says how long it may take gets that for one attempt.
      ...(readOnly && deadlineMs === undefined && { per_try_timeout: millis(FIRST_TRY_MS) }),
    },
  }
}

const millis = (value: number) => seconds(value / 1000)

const corsPolicy = (origins: string[]) =>
  typed('extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: origins.map((exact) => ({ exact })),
    forward_not_matching_preflights: false,
    ...CORS,
  })
