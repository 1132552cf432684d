import { type Variable, Variable_Type } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { invalid, type Violation } from './errors.ts'

/** Characters that a rendered text may have: in UTF-8 it fits an answer. */
export const MAX_RENDERED_CHARACTERS = 1_000_000

/** `{{name}}`, where a variable may have this name. Nothing else stands for a value: no white space, no filters, no conditions. */
const PLACEHOLDER = /\{\{([A-Za-z_][A-Za-z0-9_]{0,49})\}\}/g

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/

/** A text with placeholders, and what they mean. */
export type Template = { content: string; variables: Variable[] }

/**
 * Puts values in the place of a template's placeholders, as they are: what looks like a placeholder in a value stays. A variable without a
 * value has its default, else the empty text; a placeholder that no variable declares stays without a value. Throws INVALID_ARGUMENT
 * that names every value that is missing, of the wrong type or of nothing in the template, and for a text that would be too long.
 */
export function render(template: Template, values: Record<string, string>): string {
  const given = new Map(Object.entries(values))
  const placeholders = placeholdersOf(template.content)
  const problems = template.variables.flatMap((variable) => problemOf(variable, given.get(variable.name)) ?? [])
  const violations = [...problems, ...ofNothing(template, placeholders, given)]
  if (violations.length > 0) throw invalid(violations)
  const texts = new Map(template.variables.map(({ name, defaultValue = '' }) => [name, defaultValue]))
  for (const [name, value] of given) texts.set(name, value)
  return replaceAll(template.content, texts)
}

/** The names of the placeholders of a text, each once, in their order. */
export const placeholdersOf = (content: string): Set<string> =>
  new Set(Array.from(content.matchAll(PLACEHOLDER), ([, name]) => name!))

/** What is wrong with a value of a variable; undefined when nothing is. */
export function typeProblem({ type, options }: Pick<Variable, 'type' | 'options'>, value: string): string | undefined {
  switch (type) {
    case Variable_Type.NUMBER:
      return NUMBER.test(value) ? undefined : 'must be a decimal number, as 12 or -0.5'
    case Variable_Type.BOOLEAN:
      return value === 'true' || value === 'false' ? undefined : 'must be true or false'
    case Variable_Type.ENUM:
      return options.includes(value) ? undefined : `must be one of ${options.map((option) => `"${option}"`).join(', ')}`
    case Variable_Type.TEXT:
    case Variable_Type.UNSPECIFIED:
    case Variable_Type.UNRECOGNIZED:
      return undefined
  }
}

function problemOf(variable: Variable, value: string | undefined): Violation | undefined {
  const { name, required, defaultValue } = variable
  const isMissing = value === undefined && required && defaultValue === undefined
  const problem = value === undefined ? undefined : typeProblem(variable, value)
  const description = isMissing ? 'must be given' : problem
  return description === undefined ? undefined : { field: fieldOf(name), description }
}

function ofNothing({ variables }: Template, placeholders: Set<string>, given: Map<string, string>): Violation[] {
  const declared = new Set(variables.map(({ name }) => name))
  return [...given.keys()]
    .filter((name) => !declared.has(name) && !placeholders.has(name))
    .map((name) => ({ field: fieldOf(name), description: 'is no variable of this prompt, nor in its content' }))
}

const fieldOf = (name: string) => `values["${name}"]`

// A function, for `$&` in a text to replace with has a meaning of its own.
function replaceAll(content: string, texts: Map<string, string>): string {
  let length = content.length
  for (const [placeholder, name] of content.matchAll(PLACEHOLDER)) {
    length += (texts.get(name!) ?? placeholder).length - placeholder.length
    if (length > MAX_RENDERED_CHARACTERS) {
      const limit = MAX_RENDERED_CHARACTERS.toLocaleString('en')
      throw invalid([{ field: 'values', description: `the text would have more than ${limit} characters` }])
    }
  }
  return content.replaceAll(PLACEHOLDER, (placeholder, name: string) => texts.get(name) ?? placeholder)
}
