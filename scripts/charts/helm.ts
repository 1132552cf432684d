import { execFile } from 'node:child_process'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')
export const CHART = join(ROOT, 'charts/promptforge')

/** How a program ended, and all that it said. */
export type Ended = { code: number; stdout: string; said: string }

/** Runs a program in the repository, with `input` as its standard input. */
export const execute = (
  command: string,
  args: string[],
  { input = '', env = {} }: { input?: string; env?: object } = {},
) =>
  new Promise<Ended>((resolve) => {
    const options = { cwd: ROOT, maxBuffer: 64 << 20, env: { ...process.env, ...env } }
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0
      resolve({ code, stdout, said: `${stdout}${stderr}` || (error?.message ?? '') })
    })
    child.stdin?.end(input)
  })

/** What the chart renders with these arguments of `helm template`. Throws what Helm said when it does not. */
export async function render(helm: string, args: string[]): Promise<string> {
  const { code, stdout, said } = await execute(helm, ['template', 'promptforge', CHART, '-n', 'promptforge', ...args])
  if (code !== 0) throw new Error(`the chart does not render with ${args.join(' ')}:\n${said}`)
  return stdout
}
