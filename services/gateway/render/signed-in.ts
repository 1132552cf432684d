import type { Exposed } from '../exposed.ts'
import { type Config, httpFilter } from './envoy.ts'
import { CLAIMS } from './tokens.ts'

/**
 * The second check that who calls a method for signed-in users is one. It stands behind the transcoder and goes by method, so
 * it holds even where the transcoder reads a path otherwise than the first check does.
 */
export function signedInOnly(methods: Exposed[]): Config {
  const closed = methods.filter(({ isPublic }) => !isPublic)
  const signedIn = {
    sourced_metadata: {
      metadata_matcher: {
        filter: CLAIMS.filter,
        path: [{ key: CLAIMS.key }, { key: 'sub' }],
        value: { string_match: { safe_regex: { regex: '.+' } } },
      },
    },
  }
  return httpFilter('rbac', 'rbac.v3.RBAC', {
    rules: {
      action: 'DENY',
      policies: {
        'signed-in-users-only': {
          permissions: closed.map(({ path }) => ({ url_path: { path: { exact: path } } })),
          principals: [{ not_id: signedIn }],
        },
      },
    },
  })
}
