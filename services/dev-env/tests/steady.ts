const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\dT(?!00:00:00Z)\d\d:\d\d:\d\d(?:\.\d+)?Z/g
const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g
const PAGE_TOKEN = /"nextPageToken":"[^"]+"/g

/**
 * Makes recorded calls the same each time that they are recorded: ids are numbered as they come, times are one time, and no token or key is one
 * that ever was. `own` is text whose ids are kept; `secrets` are values by the names that stand for them.
 */
export function steady<T>(value: T, own: string, secrets: ReadonlyMap<string, string>): T {
  const ids = new Map([...own.matchAll(UUID)].map(([id]) => [id, id]))
  const number = (id: string) => {
    const known = ids.get(id) ?? `00000000-0000-7000-8000-${(ids.size + 1).toString(16).padStart(12, '0')}`
    ids.set(id, known)
    return known
  }
  let text = JSON.stringify(value)
  for (const [name, secret] of secrets) {
    if (new RegExp(UUID.source).test(secret) || secret.startsWith('eyJ')) continue
    text = text.replaceAll(
      JSON.stringify(secret).slice(1, -1),
      `example-${name.replaceAll(/[A-Z]/g, '-$&').toLowerCase()}`,
    )
  }
  const steadyText = text
    .replaceAll(TOKEN, 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJleGFtcGxlIn0.c2lnbmF0dXJl')
    .replaceAll(UUID, number)
    .replaceAll(TIME, '2026-11-02T09:00:00Z')
    .replaceAll(PAGE_TOKEN, '"nextPageToken":"example-page-token"')
  return JSON.parse(steadyText) as T
}

/** What members a JSON value has, and of which types: a list by its first item. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 0 ? [shapeOf(value[0])] : []
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
}
