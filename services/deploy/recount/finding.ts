import { setTimeout as sleep } from 'node:timers/promises'

/** One thing that is proven: how many of what were compared, and what does not agree, a line each. */
export type Finding = { what: string; compared: number; wrong: string[] }

/** Lines that are kept of a finding: more say no more. */
const MOST_WRONG = 1000

/** Lines of a finding that are shown. */
const SHOWN = 5

/** A finding that is made row by row. */
export class Comparing implements Finding {
  readonly what: string
  compared = 0
  readonly wrong: string[] = []
  constructor(what: string) {
    this.what = what
  }

  /** Counts one thing; `wrong` says what does not agree, undefined when it agrees. */
  count(wrong: string | undefined): void {
    this.compared += 1
    if (wrong !== undefined && this.wrong.length < MOST_WRONG) this.wrong.push(wrong)
  }
}

/** A number that is not what other rows say, as the recounts of single databases answer. */
export type Mismatch = { place: string; key: string; stored: string | null; counted: string | null }

/** The same as a line. */
export const mismatchLine = ({ place, key, stored, counted }: Mismatch) =>
  `${place} ${key} says ${stored}, and it is ${counted}`

/** A report: a line for each finding, with the first things that do not agree below it. */
export const linesOf = (findings: readonly Finding[]): string[] =>
  findings.flatMap(({ what, compared, wrong }) => [
    `${wrong.length === 0 ? '✓' : '✗'} ${what} (${compared})`,
    ...wrong.slice(0, SHOWN).map((line) => `    ${line}`),
    ...(wrong.length > SHOWN ? [`    and ${wrong.length - SHOWN} more`] : []),
  ])

/**
 * Recounts stores that are in use. What is under way disagrees for a moment: only what disagrees in the same way in each of several counts stays, of which there
 * are `rounds` at the most, `pauseMs` apart. The last one without anything wrong ends it.
 */
export async function recountInUse(
  count: () => Promise<Finding[]>,
  { rounds = 4, pauseMs = 15_000 }: { rounds?: number; pauseMs?: number } = {},
): Promise<Finding[]> {
  let findings = await count()
  for (let round = 1; round < rounds && findings.some(({ wrong }) => wrong.length > 0); round++) {
    await sleep(pauseMs)
    const before = new Map(findings.map(({ what, wrong }) => [what, new Set(wrong)]))
    const again = await count()
    findings = again.map((one) => ({ ...one, wrong: one.wrong.filter((line) => before.get(one.what)?.has(line)) }))
  }
  return findings
}
