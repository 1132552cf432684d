import { ACCOUNTS, FAREWELLS } from './accounts.ts'
import { MARKET } from './market.ts'
import { PROMPTS, VERSIONS } from './prompts.ts'
import { STATISTICS } from './statistics.ts'
import type { Step } from './step.ts'
import { TESTS } from './tests.ts'

/**
 * The session whose calls are the examples of the document, in the order in which they are made. It needs a network with an administrator
 * `mira`, whose access token is kept under this name, and nobody else.
 */
export const SESSION: readonly Step[] = [
  ...ACCOUNTS,
  ...PROMPTS,
  ...TESTS,
  ...VERSIONS,
  ...MARKET,
  ...STATISTICS,
  ...FAREWELLS,
]
