/** KiB of a schema, and how deep it may be. */
const MAX_KIB = 32
const MAX_DEPTH = 32

const DRAFT = 'https://json-schema.org/draft/2020-12/schema'

/** Keywords that no schema may have. Of format there are too many, whose patterns are not of RE2; uniqueItems takes seconds for some answers. */
export const REFUSED_KEYWORDS = ['format', 'uniqueItems', '$async']

const REFERENCES = ['$ref', '$dynamicRef']

/** Keywords whose members are schemas under names, and those whose values are none. */
const NAMED = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies']
const VALUES = ['enum', 'const', 'default', 'examples']

type Holder = Record<string, unknown>

/** A text as a JSON schema, or the first thing that is wrong with it before it is compiled. */
export function readSchema(text: string): { schema: Holder | boolean } | { problem: string } {
  if (Buffer.byteLength(text) > MAX_KIB * 1024) return { problem: `must have at most ${MAX_KIB} KiB` }
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch (error) {
    return { problem: `must be JSON: ${(error as Error).message}` }
  }
  if (typeof schema === 'boolean') return { schema }
  if (!isHolder(schema) || Array.isArray(schema)) return { problem: 'must be an object, or true or false' }
  const problem = problemOfShape(schema, 1) ?? problemOfDraft(schema) ?? problemOfKeywords(schema, '')
  return problem === undefined ? { schema } : { problem }
}

const isHolder = (value: unknown): value is Holder => typeof value === 'object' && value !== null

function problemOfShape(holder: Holder, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return `must be at most ${MAX_DEPTH} deep`
  // Ajv ignores what has this name.
  if (Object.hasOwn(holder, '__proto__')) return 'must not have the name __proto__'
  for (const value of Object.values(holder)) {
    const problem = isHolder(value) ? problemOfShape(value, depth + 1) : undefined
    if (problem) return problem
  }
  return undefined
}

const problemOfDraft = ({ $schema = DRAFT }: Holder) =>
  $schema === DRAFT || $schema === `${DRAFT}#` ? undefined : `must be of draft 2020-12: $schema is ${DRAFT}, or absent`

function problemOfKeywords(schema: Holder, at: string): string | undefined {
  for (const [keyword, value] of Object.entries(schema)) {
    const place = `${at}/${keyword}`
    if (REFUSED_KEYWORDS.includes(keyword)) return `must not have ${keyword}: it is at ${place}`
    if (REFERENCES.includes(keyword) && !String(value).startsWith('#'))
      return `must refer to itself only, by #: not so at ${place}`
    if (!isHolder(value) || VALUES.includes(keyword)) continue
    const isOne = !Array.isArray(value) && !NAMED.includes(keyword)
    for (const [name, part] of isOne ? [['', value] as const] : Object.entries(value)) {
      const problem = isHolder(part) ? problemOfKeywords(part as Holder, name ? `${place}/${name}` : place) : undefined
      if (problem) return problem
    }
  }
  return undefined
}
