/** How a row came to be in PromptForge. */
export type Outcome = 'added' | 'present' | 'updated'

/** What came of an import's rows. */
export type Report = {
  /** Counts a row that is under way from now on. */
  begin(): void
  /** Counts a row that is in PromptForge now. */
  end(outcome: Outcome): void
  /** Counts a row whose title is there with another content. */
  differ(line: number): void
  /** Counts a row that is not, and why. */
  refuse(line: number, why: string): void
  counts(): Counts
  /** The report for people. */
  text(): string
}

/** Numbers of rows. */
export type Counts = Record<Outcome | 'different' | 'refused' | 'underWay', number>

/** As many lines are named for each reason. */
const NAMED = 20

/** Begins an empty report. */
export function startReport(): Report {
  const counts = { added: 0, present: 0, updated: 0, different: 0, refused: 0, underWay: 0 }
  const different: number[] = []
  const refusals = new Map<string, { count: number; lines: number[] }>()
  return {
    begin: () => void counts.underWay++,
    end: (outcome) => {
      counts.underWay--
      counts[outcome]++
    },
    differ: (line) => {
      counts.underWay--
      counts.different++
      if (different.length < NAMED) different.push(line)
    },
    refuse: (line, why) => {
      counts.underWay--
      counts.refused++
      const same = refusals.get(why) ?? { count: 0, lines: [] }
      same.count++
      if (same.lines.length < NAMED) same.lines.push(line)
      refusals.set(why, same)
    },
    counts: () => ({ ...counts }),
    text: () => {
      const { added, present, updated, refused, underWay } = counts
      const most = [...refusals].toSorted(
        ([, a], [, b]) => b.count - a.count || Math.min(...a.lines) - Math.min(...b.lines),
      )
      return [
        figure(added, 'added'),
        figure(present, 'present already'),
        ...(updated > 0 ? [figure(updated, 'updated: each has a new version')] : []),
        ...(counts.different > 0 ? [differentText(counts.different, different)] : []),
        figure(refused, refused > 0 ? 'refused:' : 'refused'),
        ...most.map(([why, { count, lines }]) => `    ${figure(count, why)} (${linesText(lines, count)})`),
        ...(underWay > 0 ? [figure(underWay, 'under way when it ended: they may be there or not')] : []),
      ].join('\n')
    },
  }
}

const figure = (count: number, what: string) => `${count.toLocaleString('en').padStart(9)} ${what}`

const differentText = (count: number, lines: number[]) =>
  figure(
    count,
    `different: the contributor has another prompt under this act; --update makes a new version (${linesText(lines, count)})`,
  )

function linesText(lines: number[], count: number): string {
  const named = lines.toSorted((a, b) => a - b).join(', ')
  return `${count > 1 ? 'lines' : 'line'} ${named}${count > lines.length ? ', …' : ''}`
}
