import { Ajv2020, type Options } from 'ajv/dist/2020.js'
import { LRUCache } from 'lru-cache'
import { RE2JS } from 're2js'
import { readSchema, REFUSED_KEYWORDS } from './schema-rules.ts'

/** What is wrong with a value; undefined when it fulfils the schema. Throws a RangeError when the value is nested too deeply. */
export type Validate = (value: unknown) => string | undefined

// Ajv knows patterns by their texts, which `toString` is for.
const compilePattern = (pattern: string) => {
  const compiled = RE2JS.compile(pattern)
  return { test: (text: string) => compiled.test(text), toString: () => pattern }
}

const OPTIONS: Options = {
  // The schema of schemas is that of `drafts`.
  meta: false,
  validateSchema: false,
  validateFormats: false,
  // Keywords that it does not know are errors; what is only poor style is not.
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  allowMatchingProperties: true,
  // `required: ["constructor"]` must not be fulfilled by every object.
  ownProperties: true,
  // A part to which much refers would be compiled as often.
  inlineRefs: false,
  logger: false,
  // Optimising takes longer than what it saves for one answer.
  code: { optimize: false, regExp: Object.assign(compilePattern, { code: 're2' }) },
}

/** Compiled schemas that a thread keeps: cases of a suite have the same ones. */
const MAX_KEPT = 20

/** Compiles schemas. */
export type Schemas = {
  /** What validates by a schema, or a sentence when it cannot be compiled. */
  compile(schema: string): Validate | string
}

/** Makes Schemas, which keep the last ones. */
export function createSchemas(): Schemas {
  const kept = new LRUCache<string, Validate | string>({ max: MAX_KEPT })
  // Of it the first schema takes a tenth of a second. No schema of a user is ever added to it.
  const drafts = new Ajv2020({ logger: false, validateFormats: false })
  return {
    compile: (schema) => {
      const compiled = kept.get(schema) ?? compile(schema, drafts)
      kept.set(schema, compiled)
      return compiled
    },
  }
}

// Each schema has an Ajv of its own, so that none knows of another's ids.
function compile(text: string, drafts: Ajv2020): Validate | string {
  const read = readSchema(text)
  if ('problem' in read) return read.problem
  try {
    if (!drafts.validateSchema(read.schema)) return drafts.errorsText(drafts.errors, { dataVar: 'the schema' })
    const ajv = new Ajv2020(OPTIONS)
    for (const keyword of REFUSED_KEYWORDS) ajv.removeKeyword(keyword)
    const validate = ajv.compile(read.schema)
    return (value) => {
      if (validate(value) === true) return undefined
      const { instancePath = '', message = 'is not valid' } = validate.errors?.[0] ?? {}
      return `${instancePath || 'it'} ${message}`
    }
  } catch (error) {
    return error instanceof RangeError ? 'is too complex' : (error as Error).message
  }
}
