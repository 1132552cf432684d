import { markdown } from '../bench/table.ts'
import { AMOUNTS } from './amounts.ts'
import type { Latency, Ratio } from './measure.ts'
import type { Partitioning } from './partitions.ts'
import { allBytes, DOMAINS, extrapolate, SEED_KB, type Size, sumOf } from './sizes.ts'

/** What a run has measured. */
export type Measured = {
  small: { users: number; sizes: Size[] }
  large: { users: number; sizes: Size[]; seconds: number }
  calls: Ratio[]
  partitions: Partitioning[]
  /** Of the calls that grew. */
  plans: { name: string; lines: string[] }[]
}

/** By how much the p99 of a call may grow. */
export const MOST_GROWTH = 1.2

/** What is beyond this needs a reason. */
const FAR = 3

const MILLION = 1_000_000

/** The report in Markdown. */
export function reportOf({ small, large, calls, partitions, plans }: Measured): string {
  return [
    `## ${people(large.users)} users, beside ${people(small.users)}`,
    `They were filled in ${large.seconds.toFixed(0)} s.`,
    domainTable(large.users, large.sizes, small),
    tableTable(large.sizes),
    callTable(calls, small.users, large.users),
    ...plans.map(({ name, lines }) => `${name}:\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\``),
    ...partitions.map(partitionTable),
  ].join('\n\n')
}

/** What a user has, as a table. */
export const amountTable = (): string =>
  markdown(
    ['of', 'a user', 'why'],
    Object.values(AMOUNTS).map(({ of, each, why }) => [of, String(each), why]),
  )

const people = (users: number) => users.toLocaleString('en-US')
const mega = (bytes: number) => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)
const factor = (bytes: number, estimate: number) => {
  const ratio = bytes / estimate
  return `${ratio.toFixed(2)}${ratio > FAR || ratio < 1 / FAR ? ' !' : ''}`
}

/** Bytes of each domain beside the seed's estimate, and for a million users by the line through both sizes. */
export function domainTable(users: number, sizes: Size[], small: Measured['small']): string {
  const row = (name: string, domain: (typeof DOMAINS)[number] | undefined, kilobytes: number) => {
    const { tables, toast, indexes } = sumOf(sizes, domain)
    const bytes = tables + toast + indexes
    const line = [
      { users: small.users, bytes: allBytes(sumOf(small.sizes, domain)) },
      { users, bytes },
    ] as const
    const million = extrapolate(line[0], line[1], MILLION)
    const estimate = kilobytes * 1000 * users
    return [
      name,
      ...[tables, toast, indexes, bytes, estimate].map(mega),
      factor(bytes, estimate),
      (bytes / users / 1000).toFixed(1),
      (million / 1e9).toFixed(1),
      (
        extrapolate(
          { users: small.users, bytes: sumOf(small.sizes, domain).indexes },
          { users, bytes: indexes },
          MILLION,
        ) / 1e9
      ).toFixed(1),
    ]
  }
  const all = Object.values(SEED_KB).reduce((sum, each) => sum + each, 0)
  return markdown(
    [
      'domain',
      'tables MB',
      'toast MB',
      'indexes MB',
      'all MB',
      'seed MB',
      'factor',
      'KB a user',
      'a million: GB',
      'its indexes GB',
    ],
    [...DOMAINS.map((domain) => row(domain, domain, SEED_KB[domain])), row('all', undefined, all)],
  )
}

/** Rows and bytes of each table. */
export const tableTable = (sizes: Size[]): string =>
  markdown(
    ['table', 'domain', 'rows', 'tables MB', 'toast MB', 'indexes MB', 'bytes a row'],
    sizes
      .toSorted((a, b) => allBytes(b) - allBytes(a))
      .map((size) => [
        size.table,
        size.domain,
        people(size.rows),
        mega(size.tables),
        mega(size.toast),
        mega(size.indexes),
        (allBytes(size) / size.rows).toFixed(0),
      ]),
  )

/** Latencies at both sizes; what grew by more than it may is marked. */
export function callTable(calls: Ratio[], small: number, large: number): string {
  const times = ({ p50, p99 }: Latency) => [p50.toFixed(2), p99.toFixed(2)]
  const errors = (of: Latency) => Object.entries(of.errors).map(([what, count]) => `${count} × ${what}`)
  return markdown(
    [
      'call',
      `p50 ms, ${people(small)}`,
      'p99 ms',
      `p50 ms, ${people(large)}`,
      'p99 ms',
      'p50 ratio',
      'p99 ratio',
      'calls',
      'errors',
    ],
    calls.map((call) => [
      call.name,
      ...times(call.small),
      ...times(call.large),
      call.p50.toFixed(2),
      `${call.p99.toFixed(2)}${call.p99 > MOST_GROWTH ? ' !' : ''}`,
      String(call.large.calls),
      [...errors(call.small), ...errors(call.large)].join(', ') || 'none',
    ]),
  )
}

/** The answer to a question about partitions. */
export function partitionTable({ title, compared, plainBytes, partedBytes, takesTwice }: Partitioning): string {
  const table = markdown(
    [title, 'as it is ms', 'pages', 'partitioned ms', 'pages', 'ratio'],
    compared.map(({ what, plain, parted }) => [
      what,
      plain.ms.toFixed(3),
      String(plain.pages),
      parted.ms.toFixed(3),
      String(parted.pages),
      (parted.ms / plain.ms).toFixed(2),
    ]),
  )
  const unique = takesTwice
    ? 'takes what is unique a second time, in another partition'
    : 'refuses what is unique a second time'
  return `${table}\n\nThe table has ${mega(plainBytes)} MB and the partitioned copy ${mega(partedBytes)} MB. The copy ${unique}.`
}
