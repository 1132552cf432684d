import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import * as db from '../db/get-prompt.ts'
import { accessTo } from '../prompt.ts'

/** Reads a prompt and by what right the caller does. Throws NOT_FOUND for one that the caller may not see. */
export async function readPrompt(promptId: string, { sql, caller }: Pick<PublicCall, 'sql' | 'caller'>) {
  const [row] = await sql(db.getPrompt, { promptId, readerId: caller?.userId ?? null })
  const access = row && accessTo(row, caller?.userId)
  if (!access) throw notFound('prompt')
  return { row, access }
}
