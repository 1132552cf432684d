import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { Judging } from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import type { Deps } from '../context.ts'
import { getJudging, listJudgedCases } from '../db/judgings.ts'
import { mayReadText } from './readable.ts'
import { toJudging } from './judging-view.ts'

/** A judging of the caller's, with what came of its cases so far. Throws NOT_FOUND. */
export async function readJudging({ remote }: Pick<Deps, 'remote'>, id: string, call: Call): Promise<Judging> {
  const [row] = await call.sql(getJudging, { id, userId: call.caller.userId })
  if (!row) throw notFound('judging')
  const [cases, isReadable] = await Promise.all([call.sql(listJudgedCases, { id }), mayReadText(remote, row, call)])
  return toJudging(row, cases, isReadable)
}
