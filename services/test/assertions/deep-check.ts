import { RE2JS } from 're2js'
import type { JsonPath } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import type { DeepCheck } from './check.ts'
import { type Finding, quote } from './finding.ts'
import { objectsIn } from './objects-in.ts'
import { parsePath, valueAt } from './json-path.ts'
import { type Parsed, parseJson } from './parse-json.ts'
import { isSameJson } from './same-json.ts'
import type { Schemas } from './schema.ts'

/** Whether a check holds for a text, and for the same as JSON. It may take for ever: it is for a thread that can be ended. */
export function findDeep(check: DeepCheck, text: string, parsed: () => Parsed, schemas: Schemas): Finding {
  switch (check.$case) {
    case 'regex':
      return matching(check.value, text)
    case 'isJson':
      return ofJson(parsed(), (value) => fulfilling(check.value.schema, value, schemas))
    case 'containsJson':
      return containingObject(check.value.schema, text, schemas)
    case 'jsonPath':
      return ofJson(parsed(), (value) => having(check.value, value))
  }
}

/** What is wrong with a regular expression; undefined when nothing is. */
export function patternProblem(pattern: string): string | undefined {
  const compiled = compilePattern(pattern)
  return typeof compiled === 'string' ? compiled : undefined
}

function compilePattern(pattern: string): RE2JS | string {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    return `must be a regular expression of RE2: ${(error as Error).message}`
  }
}

function matching(pattern: string, text: string): Finding {
  const compiled = compilePattern(pattern)
  if (typeof compiled === 'string') return { unknown: `could not be checked: the pattern ${compiled}` }
  const holds = compiled.test(text)
  return { holds, because: `the answer ${holds ? 'has' : 'has no'} part that matches ${quote(pattern)}` }
}

const ofJson = (parsed: Parsed, find: (value: unknown) => Finding): Finding =>
  'problem' in parsed ? { holds: false, because: `the answer is not JSON: ${parsed.problem}` } : find(parsed.value)

function fulfilling(schema: string, value: unknown, schemas: Schemas): Finding {
  if (schema === '') return { holds: true, because: 'the answer is JSON' }
  const validated = validate(schema, value, schemas)
  if ('unknown' in validated) return validated
  const { problem } = validated
  if (problem === undefined) return { holds: true, because: 'the answer is JSON that fulfils the schema' }
  return { holds: false, because: `the answer does not fulfil the schema: ${problem}` }
}

function containingObject(schema: string, text: string, schemas: Schemas): Finding {
  let because = 'the answer contains no JSON object'
  for (const value of objectsIn(text)) {
    if (schema === '') return { holds: true, because: 'the answer contains a JSON object' }
    const validated = validate(schema, value, schemas)
    if ('unknown' in validated) return validated
    const { problem } = validated
    if (problem === undefined)
      return { holds: true, because: 'the answer contains a JSON object that fulfils the schema' }
    because = `the answer contains no JSON object that fulfils the schema; of the last one, ${problem}`
  }
  return { holds: false, because }
}

/** What is wrong with a value by a schema, if anything is; or why that could not be found out. */
function validate(
  schema: string,
  value: unknown,
  schemas: Schemas,
): { problem: string | undefined } | { unknown: string } {
  const compiled = schemas.compile(schema)
  if (typeof compiled === 'string') return { unknown: `could not be checked by the schema: ${compiled}` }
  try {
    return { problem: compiled(value) }
  } catch (error) {
    if (error instanceof RangeError) return { unknown: 'could not be checked: the answer or its schema is too deep' }
    throw error
  }
}

function having({ path, equals }: JsonPath, value: unknown): Finding {
  const steps = parsePath(path)
  const expected = equals === undefined ? undefined : parseJson(equals)
  if (!steps) return { unknown: `could not be checked: ${quote(path)} is not a path` }
  if (expected && 'problem' in expected) return { unknown: 'could not be checked: what it must equal is not JSON' }
  const found = valueAt(value, steps)
  if (found === undefined) return { holds: false, because: `the answer has nothing at ${quote(path)}` }
  if (!expected) return { holds: true, because: `the answer has something at ${quote(path)}` }
  const holds = isSameJson(found, expected.value)
  return { holds, because: `the answer has ${holds ? '' : 'not '}${quote(equals!)} at ${quote(path)}` }
}
