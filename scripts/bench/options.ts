import { parseArgs } from 'node:util'
import { Stop } from '../bootstrap/step.mjs'
import { SERVE_FLAGS } from '../processes/flags.ts'
import { CELLS } from './cells.ts'

/** What to measure, and for how long. */
export type BenchOptions = {
  /** Of a round. */
  seconds: number
  /** Before the rounds of a cell, on each side. */
  warmUp: number
  rounds: number
  /** Names of cells. */
  only: string[]
  concurrency: number[]
  /** Events that wait when their way is measured; 0: it is not. */
  events: number
  /** Tests of a round when tests are measured, at most 1,900; 0: they are not. */
  tests: number
  /** Options for Node, for both sides alike. */
  flags: string[]
}

const USAGE =
  'npm run bench -- [--seconds N] [--warm-up N] [--rounds N] [--only A,B] [--concurrency 1,32] [--events N] [--tests N] [--flags=--a,--b]'

/** Reads the command line. Throws one sentence, with how it is used, when it is wrong. */
export function readOptions(args = process.argv.slice(2)): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '6' },
      'warm-up': { type: 'string', default: '8' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: CELLS.map(({ name }) => name).join(',') },
      concurrency: { type: 'string', default: '1,32' },
      events: { type: 'string', default: '1000000' },
      tests: { type: 'string', default: '1800' },
      flags: { type: 'string', default: SERVE_FLAGS.join(',') },
    },
  })
  const only = values.only.split(',').filter(Boolean)
  const names = CELLS.map(({ name }) => name)
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Stop(`unknown name ${unknown}: use ${names.join(', ')}\n${USAGE}`)
  return {
    seconds: positive(values.seconds),
    warmUp: positive(values['warm-up']),
    rounds: positive(values.rounds),
    only,
    concurrency: values.concurrency.split(',').map(positive),
    events: Number(values.events),
    tests: Number(values.tests),
    flags: values.flags.split(',').filter(Boolean),
  }
}

function positive(text: string): number {
  const value = Number(text)
  if (value > 0) return value
  throw new Stop(`${text} is not a number above 0\n${USAGE}`)
}
