import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder, pythonFor } from '../bootstrap/stores.mjs'
import type { Plan } from './plan.ts'
import { plant } from './plant.ts'

/** What to call, and how often. */
export type FuzzOptions = {
  /** Of the gateway. */
  url: string
  /** Path of the OpenAPI document. */
  document: string
  /** Requests to draw, as a signed-in user and as nobody together; those that try the limits of each operation come on top in a long run. */
  examples: number
  /** The same seed draws the same requests. */
  seed: number
  /** Whether to try the limits of each operation one by one, and sequences of calls, too. */
  thorough: boolean
  /** Is told what schemathesis says. */
  write(text: string): void
  signal: AbortSignal
}

/** What came of it. */
export type FuzzReport = {
  /** Whether every answer was as it should be. */
  passed: boolean
  /** Answers by their status. */
  answers: Record<string, number>
}

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')

/** What every answer must hold: `hooks.py` has the last one. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'tells_nothing_of_others',
]

/** Left out: a stream goes on for as long as its reader likes, and the caller's account must stay open. */
const LEFT_OUT = { 'exclude-path-regex': ':watch$', 'exclude-operation-id': 'deactivateUser' }

/**
 * Draws requests from the OpenAPI document, sends them as a user and as nobody at once, and looks at every answer: whether it is one that the document
 * describes, and whether it tells of what belongs to another user. It makes the users and what they have first.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { url, document, signal } = options
  // Once for all clones.
  const place = join(cacheFolder(), 'fuzz')
  const python = await pythonFor(REQUIREMENTS, { name: 'schemathesis', place, signal })
  const { login, ...planted } = await plant(url)
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  try {
    const callers: [string, object][] = [
      ['a signed-in user', { login }],
      ['nobody', {}],
    ]
    let lastSpeaker: string | undefined
    const fuzzAs = async ([who, as]: [string, object], place: string): Promise<FuzzReport> => {
      const write = (text: string) => {
        options.write(who === lastSpeaker ? text : `\nas ${who}\n\n${text}`)
        lastSpeaker = who
      }
      mkdirSync(place)
      const plan: Plan = { ...planted, ...as, url, counts: join(place, 'counts.json') }
      writeFileSync(join(place, 'plan.json'), JSON.stringify(plan))
      const passed = await draw(python, document, join(place, 'plan.json'), { ...options, write })
      return { passed, answers: JSON.parse(readFileSync(plan.counts, 'utf8')) }
    }
    const ended = await Promise.allSettled(callers.map((caller, at) => fuzzAs(caller, join(folder, String(at)))))
    const reports = ended.map((one) => {
      if (one.status === 'rejected') throw one.reason
      return one.value
    })
    return { passed: reports.every(({ passed }) => passed), answers: sum(reports.map(({ answers }) => answers)) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs schemathesis once. Answers whether every answer was as it should be; throws when it could not be run. */
function draw(python: string, document: string, plan: string, options: FuzzOptions): Promise<boolean> {
  const { url, examples, seed, thorough, write, signal } = options
  const each = Math.ceil(examples / 2 / operationsOf(document))
  const settings = {
    url,
    phases: thorough ? 'examples,coverage,fuzzing,stateful' : 'examples,fuzzing',
    checks: CHECKS.join(','),
    'max-examples': each,
    seed,
    // Python 3.11 fails at times when two threads parse at once (gh-106905): each caller has a process of its own instead.
    workers: 1,
    'request-timeout': 60,
    'generation-database': 'none',
    'suppress-health-check': 'all',
    warnings: 'off',
    ...LEFT_OUT,
  }
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
  const args = ['run', document, ...flags, '--continue-on-failure', '--no-color']
  const env = { ...process.env, PF_FUZZ: plan, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: import.meta.dirname }
  return new Promise((resolve, reject) => {
    const program = join(python, 'bin/schemathesis')
    const child = spawn(program, args, { cwd: join(plan, '..'), env, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => write(text.toString()))
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 || code === 1 ? resolve(code === 0) : reject(new Error(`schemathesis ended with ${code}`)),
    )
  })
}

/** The operations of the document. */
function operationsOf(document: string): number {
  const { paths } = JSON.parse(readFileSync(document, 'utf8')) as { paths: Record<string, object> }
  return Object.values(paths).reduce((count, path) => count + Object.keys(path).length, 0)
}

function sum(counts: Record<string, number>[]): Record<string, number> {
  const all: Record<string, number> = {}
  for (const [status, count] of counts.flatMap((one) => Object.entries(one))) all[status] = (all[status] ?? 0) + count
  return all
}
