import { spawn } from 'node:child_process'

/** How a program ended, and what it said. */
export type Said = { code: number; out: string; errors: string }

/** `input` is its standard input, `env` is added to the environment. */
type Options = { input?: string | undefined; cwd?: string; env?: object }

/** Runs a program that may fail. Rejects only when it cannot be started. */
export function outcome(program: string, args: string[], { input, cwd, env }: Options = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const options = { ...(cwd && { cwd }), ...(env && { env: { ...process.env, ...env } }) }
    const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
    let out = ''
    let errors = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (errors += chunk))
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new Error(`there is no ${program} in PATH: install it`) : error)
    })
    child.on('close', (code) => resolve({ code: code ?? 1, out, errors }))
    child.stdin.on('error', () => undefined) // it ended without reading
    child.stdin.end(input)
  })
}
