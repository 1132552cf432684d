/** Whether two values that JSON was parsed to are the same. The order of members does not count; how deep they are does not matter. */
export function isSameJson(one: unknown, other: unknown): boolean {
  const pairs: [unknown, unknown][] = [[one, other]]
  for (let pair = pairs.pop(); pair; pair = pairs.pop()) {
    const [a, b] = pair
    if (!isHolder(a) || !isHolder(b)) {
      if (a !== b) return false
      continue
    }
    const names = Object.keys(a)
    if (Array.isArray(a) !== Array.isArray(b) || names.length !== Object.keys(b).length) return false
    for (const name of names) {
      if (!Object.hasOwn(b, name)) return false
      pairs.push([a[name], b[name]])
    }
  }
  return true
}

const isHolder = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
