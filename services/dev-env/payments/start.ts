import { join } from 'node:path'
import { startListening } from '../infra/listening-process.ts'
import { type Server, startServer } from '../infra/server.ts'
import { PaymentControl } from './control-client.ts'
import { environmentOf, type ProviderConfig } from './config.ts'

/** The payment provider, as a process of its own. It may be killed and started again, and then goes on where it was, if it has a journal. */
export type PaymentProvider = Server & { url: string; control: PaymentControl }

/** How to start it. */
export type PaymentOptions = Pick<ProviderConfig, 'key' | 'webhookSecret'> & {
  /** Of 127.0.0.1; 0: a free one. */
  port: number
  /** For its log. Made when absent. */
  folder: string
  /** File that keeps everything. Default: nothing survives the process, and no answer waits for the disk. */
  journal?: string
  /** Milliseconds until what happens some time later: disputes and ends of refunds of Stripe's test payment methods. Default 500. */
  laterMs?: number
}

/** Starts it. It ends when this process ends. */
export async function startPayments(options: PaymentOptions): Promise<PaymentProvider> {
  const { port: wanted, folder, journal = '', laterMs = 500, key, webhookSecret } = options
  const env = environmentOf({ key, webhookSecret, journal, laterMs })
  const launch = async (port: number) => {
    const main = join(import.meta.dirname, 'main.ts')
    const { child } = await startListening({ name: 'payments', main, port, env, folder })
    return child
  }
  const server = await startServer(wanted, launch, { fast: 'SIGTERM', kill: 'SIGKILL' })
  const url = `http://127.0.0.1:${server.port}`
  return { ...server, url, control: new PaymentControl(url) }
}
