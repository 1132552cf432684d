import type { LoadTool } from '../bench/load/client.ts'
import { median } from '../bench/measure.ts'
import { type CallData, callDataOf } from './call-data.ts'
import { HOT_CALLS, type HotCall } from './calls.ts'
import type { ScaleSite } from './site.ts'

/** Milliseconds, and how often what went wrong. */
export type Latency = { p50: number; p99: number; calls: number; errors: Record<string, number> }

/** A call at both sizes. `p50` and `p99` are the medians of the rounds' ratios. */
export type Ratio = { name: string; small: Latency; large: Latency; p50: number; p99: number }

/** How long is measured. */
export type Times = { seconds: number; rounds: number }

type Side = { site: ScaleSite; data(): Promise<CallData> }

/** Measures all hot calls, one at a time: small, large, small, large …, so that what else the machine does meets both alike. */
export async function measureCalls(
  sites: { small: ScaleSite; large: ScaleSite },
  load: LoadTool,
  times: Times,
  say: (line: string) => void,
): Promise<Ratio[]> {
  const small = { site: sites.small, data: await callDataOf(sites.small) }
  const large = { site: sites.large, data: await callDataOf(sites.large) }
  const ratios: Ratio[] = []
  for (const call of HOT_CALLS) {
    for (const side of [small, large]) await shoot(side, load, call, times.seconds, 0)
    const rounds: { small: Latency; large: Latency }[] = []
    for (let round = 1; round <= times.rounds; round++)
      rounds.push({
        small: await shoot(small, load, call, times.seconds, round),
        large: await shoot(large, load, call, times.seconds, round),
      })
    const ratio = ratioOf(call.name, rounds)
    ratios.push(ratio)
    say(
      `${call.name}: p99 ${ratio.small.p99.toFixed(2)} ms and ${ratio.large.p99.toFixed(2)} ms, ratio ${ratio.p99.toFixed(2)}`,
    )
  }
  return ratios
}

async function shoot(
  { site, data }: Side,
  load: LoadTool,
  call: HotCall,
  seconds: number,
  round: number,
): Promise<Latency> {
  const { ports, tls } = site
  const requests = call.requests(await data(), round)
  const job = { transport: 'grpc', port: ports[call.service]!, tls, concurrency: 1, seconds, requests } as const
  const { p50, p99, requests: calls, errors } = await load.run(job)
  return { p50: p50 / 1000, p99: p99 / 1000, calls, errors }
}

/** What the rounds come to. */
export function ratioOf(name: string, rounds: { small: Latency; large: Latency }[]): Ratio {
  const middle = (side: 'small' | 'large'): Latency => {
    const all = rounds.map((round) => round[side])
    return {
      p50: median(all.map(({ p50 }) => p50)),
      p99: median(all.map(({ p99 }) => p99)),
      calls: all.reduce((sum, { calls }) => sum + calls, 0),
      errors: Object.assign({}, ...all.map(({ errors }) => errors)),
    }
  }
  const ratio = (of: 'p50' | 'p99') => median(rounds.map(({ small, large }) => large[of] / small[of]))
  return { name, small: middle('small'), large: middle('large'), p50: ratio('p50'), p99: ratio('p99') }
}
