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
  if (check.$case === 'isJson' && check.value.schema !== '') {
    const read = readSchema(check.value.schema)
    add('is_json.schema', 'problem' in read ? read.problem : undefined)
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
export type Compilable = Extract<DeepCheck, { $case: 'regex' | 'isJson' }>

/** Whether a check is one. */
export const isCompilable = (check: Check): check is Compilable =>
  check.$case === 'regex' || (check.$case === 'isJson' && check.value.schema !== '')

/** The field of it that is compiled. */
export const compiledField = ({ $case }: Compilable) => ($case === 'regex' ? 'regex' : 'is_json.schema')
