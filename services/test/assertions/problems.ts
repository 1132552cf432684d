import type { Violation } from '#chassis/errors.ts'
import type { Check, DeepCheck } from './check.ts'
import { parsePath } from './json-path.ts'
import { parseJson } from './parse-json.ts'
import { readSchema } from './schema-rules.ts'

/** What is wrong with a check at first sight. A pattern and a schema must be compiled, too. */
export function problemsAtSight(check: Check): Violation[] {
  const problems: Violation[] = []
  const add = (field: string, description: string | undefined) => {
    if (description !== undefined) problems.push({ field, description })
  }
  if (hasSchema(check)) {
    const read = readSchema(check.value.schema)
    add(compiledField(check), 'problem' in read ? read.problem : undefined)
  }
  if (check.$case === 'jsonPath') {
    const { path, equals } = check.value
    add('json_path.path', parsePath(path) ? undefined : 'must be names and indexes: $.items[0].name, $["a name"]')
    const parsed = equals === undefined ? undefined : parseJson(equals)
    if (parsed && 'problem' in parsed) add('json_path.equals', `must be JSON: ${parsed.problem}`)
  }
  if (check.$case === 'length') {
    const { min, max = min } = check.value
    add('length.max', max < min ? `must be at least min, ${min}` : undefined)
  }
  return problems
}

/** A check of which something must be compiled. */
export type Compilable = Extract<DeepCheck, { $case: 'regex' | 'isJson' | 'containsJson' }>

/** Whether a check is one. */
export const isCompilable = (check: Check): check is Compilable => check.$case === 'regex' || hasSchema(check)

const hasSchema = (check: Check): check is Extract<Check, { $case: 'isJson' | 'containsJson' }> =>
  (check.$case === 'isJson' || check.$case === 'containsJson') && check.value.schema !== ''

const COMPILED: { [Case in Compilable['$case']]: string } = {
  regex: 'regex',
  isJson: 'is_json.schema',
  containsJson: 'contains_json.schema',
}

/** The field of it that is compiled. */
export const compiledField = ({ $case }: Compilable) => COMPILED[$case]
