import type { PublicCall } from '#chassis/grpc/call.ts'
import type { BatchGetPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import * as db from '../db/batch-get-prompts.ts'
import { accessTo } from '../prompt.ts'
import { toSummary } from './view.ts'

export const batchGetPrompts = async ({ promptIds }: BatchGetPromptsRequest, { sql, caller }: PublicCall) => {
  const rows = await sql(db.batchGetPrompts, { promptIds, readerId: caller?.userId ?? null })
  const readable = new Map(rows.filter((row) => accessTo(row, caller?.userId)).map((row) => [row.id, row]))
  const inOrder = [...new Set(promptIds)].map((id) => readable.get(id)).filter((row) => row !== undefined)
  return { prompts: inOrder.map(toSummary) }
}
