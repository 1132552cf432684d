/** A name of a member, or an index of an array. */
export type Step = string | number

// A name as it is written after a point, in brackets as JSON, in brackets between apostrophes; an index.
const STEP =
  /\.(?<name>[\p{L}_$][\p{L}\p{M}\p{N}_$\-]*)|\[(?<json>"(?:[^"\\]|\\.)*")\]|\['(?<plain>[^'\\]*)'\]|\[(?<index>0|[1-9]\d{0,8})\]/vy

/** The steps of a path of names and indexes, `$.items[0]["a name"]`; undefined when it is not one. */
export function parsePath(path: string): Step[] | undefined {
  if (!path.startsWith('$')) return undefined
  const steps: Step[] = []
  for (let at = 1; at < path.length; at = STEP.lastIndex) {
    STEP.lastIndex = at
    const { name, json, plain, index } = STEP.exec(path)?.groups ?? {}
    const step = json === undefined ? (name ?? plain ?? (index && Number(index))) : textOf(json)
    if (step === undefined) return undefined
    steps.push(step)
  }
  return steps
}

function textOf(json: string): string | undefined {
  try {
    return JSON.parse(json) as string
  } catch {
    return undefined
  }
}

/** What a value that JSON was parsed to has at a place; undefined when there is nothing. Null is something. */
export function valueAt(value: unknown, steps: Step[]): unknown {
  let found = value
  for (const step of steps) {
    const isThere =
      typeof step === 'number'
        ? Array.isArray(found) && step < found.length
        : typeof found === 'object' && found !== null && !Array.isArray(found) && Object.hasOwn(found, step)
    if (!isThere) return undefined
    found = (found as Record<Step, unknown>)[step]
  }
  return found
}
