import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { sender } from './http.ts'
import { type Experience, register, type Work } from './innocent.ts'

/** Milliseconds between two requests: far below the limits of an address and of a user. */
const PAUSE_MS = 20

const TITLE = 'An innocent prompt'

const { port, address } = workerData as Work
const send = sender(port, address)
const token = await register(send, 'innocent')
const created = await send('POST', '/v1/prompts', { token, body: { title: TITLE, content: 'Text. '.repeat(100) } })
const path = `/v1/prompts/${created.body.prompt.id}`
const requests = [
  () => send('GET', path, { token }),
  () => send('GET', '/v1/prompts', { token }),
  () => send('PATCH', path, { token, body: { title: TITLE } }),
]
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
let met: Omit<Experience, 'waitedMs'> = { times: [], failures: [] }
parentPort!.on('message', () => {
  parentPort!.postMessage({ ...met, waitedMs: delay.max / 1_000_000 })
  met = { times: [], failures: [] }
  delay.reset()
})
parentPort!.postMessage(created.body.prompt.id)
for (let turn = 0; ; turn++) {
  const { status, ms, body } = await requests[turn % requests.length]!()
  met.times.push(ms)
  if (status !== 200) met.failures.push(`${status} ${body?.error?.message ?? body?.message ?? ''}`)
  await sleep(PAUSE_MS)
}
