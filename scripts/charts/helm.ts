import { join } from 'node:path'
import { outcome } from '../processes/outcome.ts'

export const ROOT = join(import.meta.dirname, '../..')
export const CHART = join(ROOT, 'charts/promptforge')

/** How a program ended, and all that it said. */
export type Ended = { code: number; stdout: string; said: string }

/** Runs a program in the repository, with `input` as its standard input. One that cannot be started has failed. */
export async function execute(
  command: string,
  args: string[],
  { input = '', env = {} }: { input?: string; env?: object } = {},
): Promise<Ended> {
  const failed = (error: Error) => ({ code: 1, out: '', errors: error.message })
  const { code, out, errors } = await outcome(command, args, { input, env, cwd: ROOT }).catch(failed)
  return { code, stdout: out, said: `${out}${errors}` }
}

/** What the chart renders with these arguments of `helm template`. Throws what Helm said when it does not. */
export async function render(helm: string, args: string[]): Promise<string> {
  const { code, stdout, said } = await execute(helm, ['template', 'promptforge', CHART, '-n', 'promptforge', ...args])
  if (code !== 0) throw new Error(`the chart does not render with ${args.join(' ')}:\n${said}`)
  return stdout
}
