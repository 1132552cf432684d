import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { DEPLOY } from '../../broker/broker.ts'
import type { TestNetwork } from './harness.ts'

/** Starts a command of a service, or of the broker, as a person does, in a process of its own: `['prompt', 'resync']`. */
export function startCommand(
  { services, certificates, broker }: TestNetwork,
  [service, ...args]: [string, ...string[]],
): ChildProcess {
  const main = join(import.meta.dirname, '../../', service, 'main.ts')
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const deploy = join(certificates, DEPLOY, 'current')
  const own =
    service === 'broker'
      ? { PF_NATS_URL: broker.url, PF_CERTIFICATES: deploy }
      : { ...services[service]!.env, PF_DEPLOY_CERTIFICATES: deploy, PF_LOG_LEVEL: 'info' }
  const env = { PATH, NODE_COMPILE_CACHE, ...own }
  return spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs it to its end, and answers with the lines of its log. Throws when it fails. */
export async function runCommand(network: TestNetwork, ...command: [string, ...string[]]): Promise<LogLine[]> {
  const lines = (await outputOf(network, command)).trim().split('\n')
  return lines.map((line) => JSON.parse(line) as LogLine)
}

/** Runs it to its end, and answers with what it has written. Throws when it fails. */
export async function outputOf(network: TestNetwork, command: [string, ...string[]]): Promise<string> {
  const running = startCommand(network, command)
  const [output, [code]] = await Promise.all([text(running.stdout!), once(running, 'exit') as Promise<[number | null]>])
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${output}`)
  return output
}

/** A line of a log. */
export type LogLine = { msg: string; [field: string]: unknown }
