import type { Violation } from '#chassis/errors.ts'

/** As many are told: an error has no room for more. */
const MAX_PROBLEMS = 100

/** Room for what a parser says of a line, or a name of the file. */
const MAX_CHARACTERS = 300

/** Notes what is wrong at a line, from 1. Answers with undefined, for whoever has nothing else to answer with. */
export type Report = (line: number, text: string) => undefined

/** What is wrong with a file: each thing once, in the order of the lines. */
export class Problems {
  readonly #lines = new Map<string, number>()

  readonly report: Report = (line, text) => {
    if (this.#lines.size < MAX_PROBLEMS) this.#lines.set(`line ${line}: ${shortened(text, MAX_CHARACTERS)}`, line)
  }

  /** Of the field `content`; each description begins with the line, `line 12: …`. */
  violations(): Violation[] {
    return [...this.#lines]
      .toSorted(([, first], [, second]) => first - second)
      .map(([description]) => ({ field: 'content', description }))
  }
}

/** The text with no more characters than that, and no half of one at the end. */
export function shortened(text: string, characters: number): string {
  if (text.length <= characters) return text
  return `${text.slice(0, characters - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** A name of the file as a sentence has it. */
export const quoted = (name: string) => `“${shortened(name, 60)}”`
