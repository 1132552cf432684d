import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { withLock } from './lock.mjs'
import { packagesAreCurrent } from './packages.mjs'
import { run, Stop } from './step.mjs'

const RUN = join(import.meta.dirname, '../run.mjs')
const { signal } = new AbortController()

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bootstrap-'))
  mkdirSync(join(root, 'node_modules'))
})

afterEach(() => rmSync(root, { recursive: true }))

type Entry = { version: string; integrity: string; optional?: boolean }

const lockfile = (path: string, packages: Record<string, Entry>) =>
  writeFileSync(
    join(root, path),
    JSON.stringify({ packages: { ...(path.startsWith('node_modules') ? {} : { '': {} }), ...packages } }),
  )

const entry = (version: string, optional?: boolean): Entry => ({ version, integrity: `sha512-${version}`, optional })

test('packages are current when what is installed is what the lockfile says', () => {
  const wanted = { 'node_modules/a': entry('1.0.0'), 'node_modules/b-darwin': entry('2.0.0', true) }
  lockfile('package-lock.json', wanted)
  expect(packagesAreCurrent(root)).toBe(false)
  lockfile('node_modules/.package-lock.json', { 'node_modules/a': entry('1.0.0') })
  expect(packagesAreCurrent(root)).toBe(true)
  lockfile('package-lock.json', { ...wanted, 'node_modules/a': entry('1.0.1') })
  expect(packagesAreCurrent(root)).toBe(false)
  lockfile('package-lock.json', { ...wanted, 'node_modules/c': entry('1.0.0') })
  expect(packagesAreCurrent(root)).toBe(false)
  lockfile('package-lock.json', { 'node_modules/b-darwin': entry('2.0.0', true) })
  expect(packagesAreCurrent(root)).toBe(false)
})

test('one process at a time prepares a clone, and the lock of a dead one is taken over', async () => {
  const dead = spawn('true')
  await once(dead, 'exit')
  mkdirSync(join(root, '.promptforge'))
  writeFileSync(join(root, '.promptforge/prepare.lock'), String(dead.pid))
  const order: string[] = []
  let finish = () => {}
  const first = withLock(root, signal, () => {
    order.push('first begins')
    return new Promise((resolve) => (finish = resolve))
  })
  const second = withLock(root, signal, async () => void order.push('second'))
  while (order.length === 0) await new Promise(setImmediate)
  order.push('first ends')
  finish()
  await Promise.all([first, second])
  expect(order).toEqual(['first begins', 'first ends', 'second'])
})

test('a step that fails shows what its command said', async () => {
  const failed = run('sh', ['-c', 'echo words; echo more >&2; exit 3'], { cwd: root, signal })
  await expect(failed).rejects.toThrow(
    new Stop('words\nmore\nsh -c echo words; echo more >&2; exit 3 ended with code 3'),
  )
  await expect(run('no-such-command', [], { cwd: root, signal })).rejects.toThrow(/ENOENT/)
})

test('a step is killed when the start is broken off', async () => {
  const aborter = new AbortController()
  const broken = run('sleep', ['60'], { cwd: root, signal: aborter.signal })
  aborter.abort()
  await expect(broken).rejects.toMatchObject({ name: 'AbortError' })
})

test('the command runs with the packaged Node, and its exit code and signals are passed on', async () => {
  const version = await output(process.execPath, [RUN, 'node', '--version'])
  expect(version).toBe('v24.21.0\n')
  const child = spawn(process.execPath, [
    RUN,
    'sh',
    '-c',
    'trap "exit 7" TERM; echo here; while :; do sleep 0.02; done',
  ])
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([7, null])
})

test('an interruption of npm alone ends the command that it runs', async () => {
  writeFileSync(join(root, 'work.sh'), 'trap "exit 7" INT; echo here; for n in $(seq 200); do sleep 0.02; done')
  writeFileSync(join(root, 'package.json'), JSON.stringify({ scripts: { work: `node ${RUN} sh ${root}/work.sh` } }))
  cpSync(join(import.meta.dirname, '../../.npmrc'), join(root, '.npmrc'))
  // In a process group of its own: nobody but npm gets the signal.
  const npm = spawn('npm', ['run', '--silent', 'work'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await once(npm.stdout, 'data')
  npm.kill('SIGINT')
  expect(await once(npm, 'exit')).toEqual([7, null])
})

const output = (command: string, args: string[]) =>
  new Promise<string>((resolve, reject) => {
    execFile(command, args, (error, stdout) => (error ? reject(error) : resolve(stdout)))
  })
