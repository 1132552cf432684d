import type { Cell, Data } from './cells.ts'
import type { LoadTool } from './load/client.ts'
import type { Job, Outcome, Tls } from './load/job.ts'
import type { Spine } from './spine.ts'
import { cpuMicros } from '../processes/usage.ts'

/** What is compared: the services, and the bare server. */
export type Side = {
  /** The process and port of each service. */
  user: { pid: number; port: number }
  prompt: { pid: number; port: number }
  version: { pid: number; port: number }
  marketplace: { pid: number; port: number }
  /** The REST port of the Envoy before it. */
  gatewayPort: number
}

/** One side's medians. */
export type Figures = {
  requestsPerSecond: number
  p50: number
  p99: number
  /** Microseconds of the server process's time for a request. */
  cpu: number
  bytes: number
  errors: Record<string, number>
}

/** What came of a cell at one concurrency. */
export type Result = {
  cell: string
  concurrency: number
  real: Figures
  bare: Figures
  /** Median of the rounds' ratios of requests per second, and of processor time. */
  ratio: number
  cpuRatio: number
}

/** What measuring takes. */
export type Bench = {
  sides: { real: Side; bare: Side }
  load: LoadTool
  spine: Spine
  tls: Tls
  /** Data with tokens that are good for the next minutes. */
  data(): Promise<Data>
  seconds: number
  warmUp: number
  rounds: number
}

let round = 0

/** Warms both sides up, at the highest concurrency, with no calls and no events left to process. */
export async function warmUp(bench: Bench, cell: Cell, concurrency: number): Promise<void> {
  await bench.spine.halt()
  for (const side of ['real', 'bare'] as const) await shoot(bench, cell, side, concurrency, bench.warmUp)
}

/** Measures a cell: real, bare, real, bare … */
export async function measure(bench: Bench, cell: Cell, concurrency: number): Promise<Result> {
  const rounds: { real: Figures; bare: Figures }[] = []
  for (let turn = 0; turn < bench.rounds; turn++) {
    if (cell.isRelayed) await bench.spine.run()
    const real = await shoot(bench, cell, 'real', concurrency, bench.seconds)
    await bench.spine.halt()
    const bare = await shoot(bench, cell, 'bare', concurrency, bench.seconds)
    await bench.spine.forget()
    rounds.push({ real, bare })
  }
  return {
    cell: cell.name,
    concurrency,
    real: middle(rounds.map(({ real }) => real)),
    bare: middle(rounds.map(({ bare }) => bare)),
    ratio: median(rounds.map(({ real, bare }) => real.requestsPerSecond / bare.requestsPerSecond)),
    cpuRatio: median(rounds.map(({ real, bare }) => real.cpu / bare.cpu)),
  }
}

async function shoot(bench: Bench, cell: Cell, name: 'real' | 'bare', concurrency: number, seconds: number) {
  const side = bench.sides[name]
  const { pid, port } = side[cell.service]
  const isRest = cell.transport === 'rest'
  const job: Job = {
    transport: cell.transport,
    port: isRest ? side.gatewayPort : port,
    tls: isRest ? undefined : bench.tls,
    concurrency,
    seconds,
    requests: cell.requests(await bench.data(), ++round),
  }
  const before = cpuMicros(pid)
  const outcome = await bench.load.run(job)
  return figures(outcome, cpuMicros(pid) - before)
}

const figures = ({ requests, seconds, ...rest }: Outcome, cpu: number): Figures => ({
  ...rest,
  requestsPerSecond: requests / seconds,
  cpu: cpu / requests,
})

function middle(rounds: Figures[]): Figures {
  const of = (name: 'requestsPerSecond' | 'p50' | 'p99' | 'cpu' | 'bytes') => median(rounds.map((one) => one[name]))
  const errors: Figures['errors'] = {}
  for (const [what, count] of rounds.flatMap((one) => Object.entries(one.errors))) {
    errors[what] = (errors[what] ?? 0) + count
  }
  return {
    requestsPerSecond: of('requestsPerSecond'),
    p50: of('p50'),
    p99: of('p99'),
    cpu: of('cpu'),
    bytes: of('bytes'),
    errors,
  }
}

/** The middle of these, or the mean of the two that are. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
