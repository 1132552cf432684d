import { join } from 'node:path'
import { revisionOf, SITE, type SiteFile, zipped } from '../site.ts'
import { type Config, typed } from './envoy.ts'

/** The size of the largest file: Envoy takes 4 KiB otherwise. */
export const largestSiteFile = (): number => Math.max(...SITE.map(({ name }) => revisionOf(name).bytes))

/** Routes for the files that Envoy itself answers with, for each one a compressed and a plain one; and for `/`. */
export const siteRoutes = (folder: string): Config[] => [
  ...SITE.flatMap((file) => [fileRoute(folder, file, true), fileRoute(folder, file, false)]),
  welcome(),
]

/** What the check of tokens lets pass: the paths of these files and `/`, for reading. */
export const siteRules = (): Config[] =>
  ['/', ...SITE.map(({ path }) => path)].map((path) => ({ match: { path, headers: [READING] } }))

const READING = { name: ':method', string_match: { safe_regex: { regex: 'GET|HEAD' } } }

const GZIP = { name: 'accept-encoding', string_match: { contains: 'gzip' } }

/** A page may load nothing and send nothing anywhere but here, and nobody may frame it. */
const PAGE = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

function fileRoute(folder: string, { path, name, contentType }: SiteFile, isZipped: boolean): Config {
  const file = isZipped ? zipped(name) : name
  const headers = {
    'content-type': contentType,
    'cache-control': 'public, no-cache',
    'x-content-type-options': 'nosniff',
    etag: revisionOf(file).etag,
    vary: 'Accept-Encoding',
    ...(isZipped && { 'content-encoding': 'gzip' }),
    ...(contentType.startsWith('text/html') && PAGE),
    // A document that anyone may read may be read by the pages of tools, too.
    ...(path.startsWith('/openapi.') && { 'access-control-allow-origin': '*' }),
  }
  return {
    match: { path, headers: [READING, ...(isZipped ? [GZIP] : [])] },
    direct_response: { status: 200, body: { filename: join(folder, 'site', file) } },
    response_headers_to_add: Object.entries(headers).map(([key, value]) => ({
      header: { key, value },
      append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
    })),
    typed_per_filter_config: noMethod(),
  }
}

/** Who opens the gateway's address in a browser gets the reference. */
const welcome = (): Config => ({
  match: { path: '/', headers: [READING] },
  redirect: { path_redirect: '/docs', response_code: 'FOUND' },
  typed_per_filter_config: noMethod(),
})

/** Without it the transcoder refuses a path that is no method's. */
const noMethod = (): Config => ({
  'envoy.filters.http.grpc_json_transcoder': typed('config.route.v3.FilterConfig', { disabled: true }),
})
