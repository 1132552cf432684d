// `npm run check:stripe`: sends every request of the marketplace's payment adapter to Stripe's own stripe-mock, which knows the whole API
// from its OpenAPI description: a wrong path, parameter or type is an error. It needs Go, which builds stripe-mock once.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../services/dev-env/infra/ports.ts'
import { createPayments, type Payments } from '../services/marketplace/payments/payments.ts'
import { isPaymentError } from '../services/marketplace/payments/payment-error.ts'
import { run, step } from './bootstrap/step.mjs'
import { cacheFolder } from './bootstrap/stores.mjs'

const MODULE = 'github.com/stripe/stripe-mock'
const VERSION = 'v0.203.0'

/** Milliseconds for stripe-mock to read its description of the API. */
const START_MS = 60_000

const CALLS: Record<string, (payments: Payments) => Promise<unknown>> = {
  create: (payments) => payments.create('a-transaction', { amount: 1999n, currency: 'USD' }),
  confirm: (payments) => payments.confirm('a-transaction', 'pi_1', 'pm_card_visa'),
  retrieve: (payments) => payments.retrieve('pi_1'),
  paid: (payments) => payments.paid('a-transaction'),
  cancel: (payments) => payments.cancel('a-transaction', 'pi_1'),
  refund: (payments) => payments.refund('a-transaction', 'pi_1'),
  refundOf: (payments) => payments.refundOf('pi_1'),
}

await main()

async function main() {
  const go = await findGo()
  if (!go) {
    process.stdout.write('skipped: there is no Go, which builds stripe-mock\n')
    return
  }
  const program = await build(go)
  const port = await freePort()
  // Without an address of HTTPS it listens for that on every network.
  const mock = spawn(program, ['-http-addr', `127.0.0.1:${port}`, '-https-addr', '127.0.0.1:0'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  try {
    await ready(port)
    const config = { url: `http://127.0.0.1:${port}`, key: 'sk_test_123', webhookSecret: '' }
    await using payments = createPayments(config)
    for (const [name, call] of Object.entries(CALLS)) await check(name, () => call(payments))
  } finally {
    mock.kill('SIGKILL')
  }
}

/** stripe-mock makes up its answers: any that can be read will do. */
async function check(name: string, call: () => Promise<unknown>) {
  try {
    await call()
    process.stdout.write(`✓ ${name}\n`)
  } catch (error) {
    // Its example is a payment of another kind than ours.
    const isAnswer = isPaymentError(error) && error.reason === 'ANSWER_UNREADABLE'
    process.stdout.write(`${isAnswer ? '✓' : '✗'} ${name}: ${String(error)}\n`)
    if (!isAnswer) process.exitCode = 1
  }
}

async function findGo(): Promise<string | undefined> {
  for (const go of ['go', '/usr/local/go/bin/go']) {
    const found = await promisify(execFile)(go, ['env', 'GOVERSION']).catch(() => undefined)
    if (found) return go
  }
  return undefined
}

/** Builds stripe-mock, unless it is in the cache: its path. */
async function build(go: string): Promise<string> {
  const folder = join(cacheFolder(), `stripe-mock-${VERSION}`)
  if (!existsSync(folder)) {
    mkdirSync(dirname(folder), { recursive: true })
    const draft = mkdtempSync(`${folder}.`)
    try {
      const env = { ...process.env, GOBIN: draft }
      const { signal } = new AbortController()
      const install = () => run(go, ['install', `${MODULE}@${VERSION}`], { cwd: draft, env, signal })
      await step(`stripe-mock ${VERSION}, built by Go`, install)
      // Another start may have been quicker; its copy is as good.
      if (!existsSync(folder)) renameSync(draft, folder)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }
  return join(folder, 'stripe-mock')
}

async function ready(port: number) {
  const end = Date.now() + START_MS
  while (!(await answers(port))) {
    if (Date.now() > end) throw new Error(`stripe-mock did not answer within ${START_MS} ms`)
    await sleep(100)
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/' }, (answer) => {
      answer.resume()
      resolve(true)
    })
    asked.on('error', () => resolve(false)).end()
  })
}
