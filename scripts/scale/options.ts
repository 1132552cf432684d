import { parseArgs } from 'node:util'
import { Stop } from '../bootstrap/step.mjs'
import type { Times } from './measure.ts'

/** For how many users a site is filled, and how long it is measured beside the small one. */
export type ScaleOptions = Times & {
  users: number
  /** Of the site beside it. */
  small: number
}

const USAGE = 'npm run scale -- --users N [--small N] [--seconds N] [--rounds N]'

/** The fewest users that can be filled for: nearly everything of them is there. */
const FEWEST = 50

/** Reads the command line. Throws one sentence, with how it is used, when it is wrong. */
export function readOptions(args = process.argv.slice(2)): ScaleOptions {
  const { values } = parseArgs({
    args,
    options: {
      users: { type: 'string', default: '10000' },
      small: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '5' },
    },
  })
  const [users, small, seconds, rounds] = [values.users, values.small, values.seconds, values.rounds].map(wholeNumber)
  if (small! < FEWEST || users! <= small!)
    throw new Stop(
      `${values.users} users beside ${values.small}: the larger number must be the first, and the other at least ${FEWEST}\n${USAGE}`,
    )
  return { users: users!, small: small!, seconds: seconds!, rounds: rounds! }
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Stop(`${text} is not a whole number above 0\n${USAGE}`)
}
