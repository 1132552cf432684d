// `npm run check`: everything that is known without running the services. All checks run, side by side; all failures are shown.
import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** Each check's name, and the command that fails when it does. */
const CHECKS: Record<string, string[]> = {
  'lint, folder boundaries and promises': ['oxlint'],
  types: ['tsc'],
  'pages of reference': ['node', 'scripts/pages/main.ts', '--check'],
  format: ['prettier', '--check', '--log-level=warn', '.'],
  'protos: style': ['buf', 'lint'],
  'protos: policies, routes and limits': ['node', 'scripts/check-contract.ts'],
  'OpenAPI document': ['node', 'scripts/check-openapi.ts'],
  'protos: no break with the baseline': ['buf', 'breaking', 'proto', '--against', 'proto/baseline.binpb'],
}

const root = join(import.meta.dirname, '..')

const passed = await Promise.all(Object.entries(CHECKS).map(([name, command]) => check(name, command)))
if (passed.includes(false)) process.exitCode = 1

function check(name: string, [command = '', ...args]: string[]): Promise<boolean> {
  const begin = performance.now()
  return new Promise((resolve) => {
    execFile(command, args, { cwd: root, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const seconds = ((performance.now() - begin) / 1000).toFixed(1)
      process.stdout.write(`${error ? '✗' : '✓'} ${name} ${seconds} s\n`)
      if (error) process.stdout.write(`${stdout}${stderr}` || `${error.message}\n`)
      resolve(!error)
    })
  })
}
