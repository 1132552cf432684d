import { status } from '@grpc/grpc-js'
import type { Method } from '#contracts/contract.ts'
import { SERVICES } from '../../../services.ts'
import type { Outcome } from './call.ts'
import { type CallerName, CALLERS, PROMPT_STATES, type Row, type ScopeName } from './row.ts'

/** How a service is reached: through the gateway over REST, or over gRPC with the certificate of this member of the mesh. */
export type Way = 'REST' | (string & {})

/** What must come of a call. */
export type Expected = Omit<Outcome, 'answer' | 'http'> & {
  /** Whether the answer shows what not everybody may see. */
  isShown?: boolean
}

/** One call of the table. */
export type CellCase = {
  state: string
  caller: CallerName
  /** Of which scope the API key is short. */
  without?: ScopeName
  way: Way
  expected: Expected
}

/** Every call that a row stands for. */
export function cellsOf(method: Method, row: Row<any>): CellCase[] {
  const states = typeof row.answers === 'string' ? { any: row.answers } : row.answers
  return Object.entries(states).flatMap(([state, answers], index) => {
    if (answers.length !== CALLERS.length)
      throw new Error(`${method.path} ${state}: ${answers} must have a character for each of ${CALLERS.join(', ')}`)
    const expected = (caller: CallerName) => expectedOf(answers[CALLERS.indexOf(caller)]!, row)
    return row.services === undefined
      ? peoplesCells(state, row, serviceBeside(method), expected)
      : servicesCells(state, row.services, index === 0, expected)
  })
}

/**
 * People call over REST, and with a certificate of people's clients at the service. Another service has its caller's rights there, and none
 * of its own.
 */
function peoplesCells(
  state: string,
  { scopes = [] }: Row<any>,
  another: string,
  expected: (caller: CallerName) => Expected,
): CellCase[] {
  const people: CellCase[] = CALLERS.flatMap((caller) =>
    ['REST', 'client'].map((way) => ({ state, caller, way, expected: expected(caller) })),
  )
  const ofServices = (['nobody', 'owner'] as const).map((caller) => ({
    state,
    caller,
    way: another,
    expected: expected(caller),
  }))
  const keys = scopes.flatMap((scope) =>
    ['REST', 'client'].map((way) => ({ state, caller: 'key' as const, without: scope, way, expected: missing(scope) })),
  )
  return [...people, ...ofServices, ...keys]
}

/** Services call with their certificates for any caller, and nobody else does. */
function servicesCells(
  state: string,
  services: NonNullable<Row<any>['services']>,
  isFirst: boolean,
  expected: (caller: CallerName) => Expected,
): CellCase[] {
  const names = SERVICES.map(({ name }) => name)
  const may = services === 'every' ? names : services
  const allowed = may.flatMap((way) => CALLERS.map((caller) => ({ state, caller, way, expected: expected(caller) })))
  // What is refused is refused before it is looked at, so one state is enough.
  if (!isFirst) return allowed
  const refused = [...names, 'gateway', 'client']
    .filter((way) => !may.includes(way))
    .flatMap((way) => OUTSIDERS.map((caller) => ({ state, caller, way, expected: NOT_ALLOWED })))
  const overRest = OUTSIDERS.map((caller) => ({
    state,
    caller,
    way: 'REST',
    expected: caller === 'nobody' ? TOKEN_MISSING : NO_ROUTE,
  }))
  return [...allowed, ...refused, ...overRest]
}

/** With whose tokens a method of services' is tried by those who may not call it. */
const OUTSIDERS = ['nobody', 'owner', 'admin'] as const

const TOKEN_MISSING = { code: status.UNAUTHENTICATED, reason: 'TOKEN_MISSING' }
const NOT_ALLOWED = { code: status.PERMISSION_DENIED, reason: 'NOT_ALLOWED' }
const NOT_FOUND = { code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' }
const NO_ROUTE = { code: status.NOT_FOUND, reason: 'PATH_UNKNOWN' }
const missing = (scope: ScopeName) => ({ code: status.PERMISSION_DENIED, reason: 'SCOPE_MISSING', scope })

function expectedOf(letter: string, { shows, refusals }: Row<any>): Expected {
  switch (letter) {
    case '+':
      return { code: status.OK, ...(shows && { isShown: true }) }
    case 'o':
      return { code: status.OK, isShown: false }
    case '-':
      return NOT_FOUND
    case 't':
      return TOKEN_MISSING
    case 'x':
      return NOT_ALLOWED
    default: {
      const refusal = refusals?.[letter]
      if (!refusal) throw new Error(`the row says ${letter}, and not in refusals what that is`)
      const [code, reason] = refusal
      return { code: status[code], reason }
    }
  }
}

/** A service that is not the one that serves the method. */
function serviceBeside({ service }: Method): string {
  const at = SERVICES.findIndex(({ nouns }) => nouns.includes(service.split('.')[1]!))
  return SERVICES[(at + 1) % SERVICES.length]!.name
}

/** The HTTP status of each gRPC status of the table. */
export const HTTP: Readonly<Record<number, number>> = {
  [status.OK]: 200,
  [status.INVALID_ARGUMENT]: 400,
  [status.FAILED_PRECONDITION]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.NOT_FOUND]: 404,
}

/** The states of prompts among a row's states. */
export const isPromptState = (state: string): state is (typeof PROMPT_STATES)[number] =>
  (PROMPT_STATES as readonly string[]).includes(state)
