import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file that the gateway serves itself, without any service: the OpenAPI document, and the pages that show it. */
export type SiteFile = {
  /** Where it is served. */
  path: string
  /** Its name in the folder of generated code, beside the same compressed, `<name>.gz`. */
  name: string
  contentType: string
}

/** Every such file. */
export const SITE: readonly SiteFile[] = [
  { path: '/openapi.json', name: 'openapi.json', contentType: 'application/json' },
  { path: '/openapi.yaml', name: 'openapi.yaml', contentType: 'application/yaml' },
  { path: '/docs', name: 'docs.html', contentType: 'text/html; charset=utf-8' },
  { path: '/docs/errors', name: 'errors.html', contentType: 'text/html; charset=utf-8' },
  { path: '/docs/versioning', name: 'versioning.html', contentType: 'text/html; charset=utf-8' },
  { path: '/docs/docs.js', name: 'docs.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/docs/docs.css', name: 'docs.css', contentType: 'text/css; charset=utf-8' },
  { path: '/docs/swagger-ui.js', name: 'swagger-ui.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/docs/swagger-ui.css', name: 'swagger-ui.css', contentType: 'text/css; charset=utf-8' },
]

/** Where `npm run gen` writes them. */
export const SITE_SOURCE = join(import.meta.dirname, '../contracts/gen/site')

/** The name of the compressed form of a file. */
export const zipped = (name: string) => `${name}.gz`

/** Puts the files where Envoy finds them, `site/` in the folder of its configuration: in a pod it does not have ours. */
export function copySite(folder: string): void {
  mkdirSync(join(folder, 'site'), { recursive: true, mode: 0o700 })
  for (const { name } of SITE) {
    for (const one of [name, zipped(name)]) copyFileSync(join(SITE_SOURCE, one), join(folder, 'site', one))
  }
}

/** The ETag of a file, and how many bytes it has. */
export function revisionOf(name: string): { etag: string; bytes: number } {
  const content = readFileSync(join(SITE_SOURCE, name))
  return { etag: `"${createHash('sha256').update(content).digest('hex').slice(0, 16)}"`, bytes: content.length }
}
