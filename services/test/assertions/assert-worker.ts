import type { MessagePort } from 'node:worker_threads'
import { type Answer, type Check, findPlain, isDeep } from './check.ts'
import { findDeep, patternProblem } from './deep-check.ts'
import type { Finding } from './finding.ts'
import { type Parsed, parseJson } from './parse-json.ts'
import type { Compilable } from './problems.ts'
import { createSchemas } from './schema.ts'

/** What is asked of a thread, and where it tells: first that it begins, then a Finding for each check, or what cannot be compiled. */
export type Task = ({ checks: Check[]; answer: Answer } | { compile: Compilable }) & { port: MessagePort }

/** What a thread says when a check could be compiled, and the sentence when it could not. */
export type Compiled = { problem?: string }

// The thread's own. What is slow the first time is done before a task's time begins.
const schemas = createSchemas()
schemas.compile('{"type": "string", "pattern": "."}')

/** What a thread of `asserter.ts` does. */
export function work(task: Task): void {
  const tell = (part: Finding | Compiled) => task.port.postMessage(part)
  task.port.postMessage('begun')
  if ('compile' in task) {
    tell({ problem: problemOf(task.compile) })
    return
  }
  const parsed = parsedOnce(task.answer.text)
  for (const check of task.checks) tell(find(check, task.answer, parsed))
}

function problemOf(check: Compilable): string | undefined {
  if (check.$case === 'regex') return patternProblem(check.value)
  const validate = schemas.compile(check.value.schema)
  return typeof validate === 'string' ? validate : undefined
}

const find = (check: Check, answer: Answer, parsed: () => Parsed): Finding =>
  isDeep(check) ? findDeep(check, answer.text, parsed, schemas) : findPlain(check, answer)

function parsedOnce(text: string): () => Parsed {
  let parsed: Parsed | undefined
  return () => (parsed ??= parseJson(text))
}
