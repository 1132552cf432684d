import { inspect } from 'node:util'
import { status } from '@grpc/grpc-js'
import type { Rpc } from '#chassis/grpc/call.ts'
import type { Channel } from '#chassis/grpc/client.ts'
import { until } from '#chassis/testing/until.ts'
import type { Method } from '#contracts/contract.ts'
import { callGrpc, callRest, type Outcome } from './call.ts'
import { type CellCase, HTTP, isPromptState } from './cells.ts'
import { type Cell, type Row, SCOPES } from './row.ts'
import type { Scene } from './scene.ts'

/** Where the calls go. */
export type Target = {
  scene: Scene
  /** The gateway's REST API. */
  url: string
  /** Connects to the service of a method with the certificate of a member of the mesh. */
  channelTo(method: Method, member: string): Channel
}

/** How many calls are made at once. */
const AT_ONCE = 4

/** Makes all calls of a row, and answers with what did not come of them as it should. */
export async function runRow(
  target: Target,
  rpc: Rpc,
  method: Method,
  row: Row<Rpc>,
  cells: CellCase[],
): Promise<string[]> {
  const wrong: string[] = []
  const left = cells.values()
  const work = async () => {
    for (const cell of left) {
      const mistake = await runCell(target, rpc, method, row, cell).catch(
        (error: Error) => `it failed: ${inspect(error)}`,
      )
      if (mistake) wrong.push(`${cell.state}, ${callerOf(cell)}, by ${cell.way}: ${mistake}`)
    }
  }
  await Promise.all(Array.from({ length: row.oneByOne ? 1 : AT_ONCE }, work))
  return wrong.sort()
}

const callerOf = ({ caller, without }: CellCase) => (without ? `${caller} without ${without}` : caller)

async function runCell(target: Target, rpc: Rpc, method: Method, row: Row<Rpc>, cell: CellCase) {
  const { scene, url, channelTo } = target
  const { expected, way, state, caller } = cell
  const ownToken = await tokenOf(scene, row, cell)
  const attempt = async () => {
    let token = ownToken
    const place: Cell = {
      scene,
      caller,
      callerId: caller === 'nobody' ? undefined : scene.people[caller === 'key' ? 'owner' : caller].id,
      state,
      prompt: scene.prompts[isPromptState(state) ? state : 'private'],
      isAnswered: expected.code === status.OK,
      actAs: (another) => {
        token = another
      },
    }
    const message: unknown = await row.request(place)
    const headers = row.headers?.(place) ?? {}
    const request = { rpc, method, message, token, headers, isEndless: row.endless ?? false }
    const outcome = await (way === 'REST' ? callRest(url, request) : callGrpc(channelTo(method, way), request))
    const isShown = row.shows && outcome.answer !== undefined && row.shows(outcome.answer, place)
    return { outcome, isShown }
  }
  const { outcome, isShown } = await answered(attempt)
  return mistakeIn(cell, outcome, isShown)
}

/** What a busy machine answers with: nothing, or that another call of the table was in the way. */
const BUSY: readonly number[] = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.ABORTED]

/** Makes a call again until it is answered. */
const answered = <T extends { outcome: Outcome }>(attempt: () => Promise<T>): Promise<T> =>
  until('an answer', async () => {
    const made = await attempt()
    return !BUSY.includes(made.outcome.code) && made
  }) as Promise<T>

function tokenOf({ people, keyToken }: Scene, { scopes, services }: Row<Rpc>, { caller, without }: CellCase) {
  if (caller === 'nobody') return undefined
  if (caller !== 'key') return people[caller].token
  if (without) return keyToken(SCOPES.filter((scope) => scope !== without))
  // Between services a key stands for its user, whatever its scopes: the method that was called first has looked at them.
  return keyToken(services ? ['MARKET'] : (scopes ?? SCOPES))
}

/** What is wrong with an outcome; undefined when nothing is. */
function mistakeIn({ expected, way }: CellCase, outcome: Outcome, isShown: boolean | undefined): string | undefined {
  const http = way === 'REST' ? HTTP[expected.code] : undefined
  const isRight =
    outcome.code === expected.code &&
    outcome.reason === expected.reason &&
    (expected.scope === undefined || outcome.scope === expected.scope) &&
    outcome.http === http &&
    (expected.isShown === undefined || isShown === expected.isShown)
  if (isRight) return undefined
  const received = { ...outcome, ...(outcome.code === status.OK && { isShown }) }
  return `expected ${said({ ...expected, http })}, received ${said(received)}`
}

const said = ({ code, reason, scope, http, isShown }: Outcome & { isShown?: boolean | undefined }) =>
  [
    http,
    status[code],
    reason,
    scope,
    isShown === undefined
      ? undefined
      : isShown
        ? 'with what is not for everybody'
        : 'without what is not for everybody',
  ]
    .filter((part) => part !== undefined)
    .join(' ')
