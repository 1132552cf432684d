import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One call of the session that the document's examples are, and what the gateway answered. */
export type Example = {
  /** Among the examples of its operation, a few words in kebab case. */
  name: string
  operationId: string
  /** Whose token it was sent with; absent without one. */
  as?: string
  path?: Record<string, unknown>
  query?: Record<string, unknown>
  headers?: Record<string, string>
  body?: unknown
  status: number
  contentType?: string
  /** The body: as JSON where it is, otherwise its text. */
  answer: unknown
}

/** Where the answers are that the gateway gave when they were last recorded. */
export const EXAMPLES_FILE = join(import.meta.dirname, 'examples.json')

/** The recorded examples, by operation id. */
export function readExamples(): Map<string, Example[]> {
  const all = JSON.parse(readFileSync(EXAMPLES_FILE, 'utf8')) as Example[]
  return Map.groupBy(all, ({ operationId }) => operationId)
}
