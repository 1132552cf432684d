import type { Json } from './json.ts'

type Operation = { responses: Json }

/** Puts the answers that several operations have in common into components, and references in their places. */
export function shareResponses(paths: Record<string, Json>): { paths: Record<string, Json>; responses: Json } {
  const operations = Object.values(paths).flatMap((path) => Object.values(path) as Operation[])
  const all = operations.flatMap(({ responses }) => Object.entries(responses))
  const counts = Map.groupBy(
    all.filter(([status]) => Number(status) >= 400),
    ([status, response]) => `${status} ${JSON.stringify(response)}`,
  )
  const names = new Map<string, string>()
  const shared: Json = {}
  for (const [key, uses] of counts) {
    if (uses.length < 2) continue
    const [status, response] = uses[0]!
    const name = freeName(nameOf(Number(status)), shared)
    names.set(key, name)
    shared[name] = response
  }
  const share = (responses: Json): Json =>
    Object.fromEntries(
      Object.entries(responses).map(([status, response]) => {
        const name = names.get(`${status} ${JSON.stringify(response)}`)
        return [status, name === undefined ? response : { $ref: `#/components/responses/${name}` }]
      }),
    )
  return {
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, verbs]) => [
        path,
        Object.fromEntries(
          Object.entries(verbs).map(([verb, one]) => [
            verb,
            { ...(one as Operation), responses: share((one as Operation).responses) },
          ]),
        ),
      ]),
    ),
    responses: shared,
  }
}

const NAMES: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'RequestTimeout',
  409: 'Conflict',
  413: 'TooLarge',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'Unavailable',
  504: 'Timeout',
}

const nameOf = (status: number) => NAMES[status] ?? `Status${status}`

function freeName(name: string, taken: Json): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}${number}`
    if (taken[candidate] === undefined) return candidate
  }
}
