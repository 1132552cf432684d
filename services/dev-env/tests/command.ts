import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { DEPLOY } from '../../broker/broker.ts'
import type { TestNetwork } from './harness.ts'

/** Starts a command of a service as a person does, in a process of its own: `['prompt', 'resync']`. */
export function startCommand(
  { services, certificates }: TestNetwork,
  [service, ...args]: [string, ...string[]],
): ChildProcess {
  const main = join(import.meta.dirname, '../../', service, 'main.ts')
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const deploy = { PF_DEPLOY_CERTIFICATES: join(certificates, DEPLOY, 'current') }
  const env = { PATH, NODE_COMPILE_CACHE, ...services[service]!.env, ...deploy, PF_LOG_LEVEL: 'info' }
  return spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs it to its end, and answers with the lines of its log. Throws when it fails. */
export async function runCommand(network: TestNetwork, ...command: [string, ...string[]]): Promise<LogLine[]> {
  const running = startCommand(network, command)
  const [output, [code]] = await Promise.all([text(running.stdout!), once(running, 'exit') as Promise<[number | null]>])
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${output}`)
  const lines = output.trim().split('\n')
  return lines.map((line) => JSON.parse(line) as LogLine)
}

/** A line of a log. */
export type LogLine = { msg: string; [field: string]: unknown }
