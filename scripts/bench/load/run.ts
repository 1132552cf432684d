import { createHistogram } from 'node:perf_hooks'
import { grpcSender } from './grpc.ts'
import type { Job, Outcome } from './job.ts'
import { restSender } from './rest.ts'

/** Does a job: each of `concurrency` loops sends its next request when it has the answer to the one before. */
export async function run(job: Job): Promise<Outcome> {
  const { send, close } = job.transport === 'grpc' ? await grpcSender(job) : restSender(job)
  const latencies = createHistogram({ figures: 3 })
  const errors: Record<string, number> = {}
  let sent = 0
  let bytes = 0
  const start = process.hrtime.bigint()
  const end = start + BigInt(Math.round(job.seconds * 1e9))
  const isOver = (now: bigint) => (job.isOnce ? sent >= job.requests.length : now >= end)
  const loop = async () => {
    for (let now = start; !isOver(now);) {
      const begun = process.hrtime.bigint()
      try {
        const size = await send(job.requests[sent++ % job.requests.length]!)
        now = process.hrtime.bigint()
        bytes += size // not in one: `+=` would read it before the waiting
        latencies.record(now - begun)
      } catch (error) {
        now = process.hrtime.bigint()
        const { message } = error as Error
        errors[message] = (errors[message] ?? 0) + 1
      }
    }
  }
  await Promise.all(Array.from({ length: job.concurrency }, loop))
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  close()
  const { count } = latencies
  const percentile = (share: number) => (count > 0 ? latencies.percentile(share) / 1000 : Number.NaN)
  return { requests: count, seconds, p50: percentile(50), p99: percentile(99), bytes: bytes / count, errors }
}
