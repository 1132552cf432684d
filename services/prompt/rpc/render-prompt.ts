import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import { render } from '#chassis/render.ts'
import type { RenderPromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import * as db from '../db/get-prompt.ts'
import { accessTo, readsHead } from '../prompt.ts'
import { toPrompt } from './view.ts'

export const renderPrompt = async ({ promptId, values }: RenderPromptRequest, { sql, caller }: PublicCall) => {
  const [row] = await sql(db.getPrompt, { promptId, readerId: caller?.userId ?? null })
  const access = row && accessTo(row, caller?.userId)
  if (!access) throw notFound('prompt')
  if (!readsHead(access, row.version)) throw notFound('version')
  return { text: render(toPrompt(row, access), values), version: row.version }
}
