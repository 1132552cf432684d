import { Ajv2020, type Options } from 'ajv/dist/2020.js'
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
  // The schema of schemas is `drafts`'s.
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
  code: { regExp: Object.assign(compilePattern, { code: 're2' }) },
}

/** Validates schemas by the schema of their draft. No schema of a user is ever added to it. */
export type Drafts = Pick<Ajv2020, 'validateSchema' | 'errorsText' | 'errors'>

/** Makes one. The first schema takes it a tenth of a second. */
export const createDrafts = (): Drafts => new Ajv2020({ logger: false, validateFormats: false })

/** Compiles a schema. Answers a sentence when that cannot be done. Each has an Ajv of its own, so that none knows of another's ids. */
export function compileSchema(text: string, drafts: Drafts): Validate | string {
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
