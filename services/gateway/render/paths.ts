import type { HttpRoute, Method } from '#contracts/contract.ts'
import type { Exposed } from '../exposed.ts'

/** One REST route of an RPC. */
export type RestRoute<M extends Method = Exposed> = { method: M; route: HttpRoute }

/**
 * All REST routes in the order in which the transcoder prefers them where two match: `/v1/prompts/{id}:fork` before
 * `/v1/prompts/{id}`, whose variable would take `x:fork` as well, and a fixed word before a variable.
 */
export function restRoutes<M extends Method>(methods: M[]): RestRoute<M>[] {
  const all = methods.flatMap((method) => method.routes.map((route) => ({ method, route })))
  return all.sort((a, b) => compare(rank(a.route.path), rank(b.route.path)))
}

/**
 * A regular expression (RE2) for the paths, without a query, that a template matches. Throws for a template with more than
 * fixed words and `{field}`: nothing else ever stands in a path of ours.
 */
export function pathRegex(template: string): string {
  const parts = template.split(/(\{\w+\})/)
  const fixed = parts.filter((_, index) => index % 2 === 0).join('')
  if (/[^\w/:.-]/.test(fixed)) throw new Error(`${template}: a path may have fixed words and {field} only`)
  return parts.map((part, index) => (index % 2 === 0 ? part.replaceAll('.', '\\.') : '[^/]+')).join('')
}

/** A regular expression for the slashes at the end of a path: the transcoder drops them, so a limit that goes by path must see past them. */
export const SLASHES = '/*'

// A sort key: a custom verb first, then words before variables.
function rank(template: string): string {
  const [path = '', verb] = template.split(':')
  const segments = path.split('/').map((segment) => (segment.startsWith('{') ? '1' : '0'))
  return [verb ? '0' : '1', ...segments].join('')
}

const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1)
