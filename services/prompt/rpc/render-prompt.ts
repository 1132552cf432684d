import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import { render } from '#chassis/render.ts'
import type { RenderPromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { readsHead } from '../prompt.ts'
import { readPrompt } from './read-prompt.ts'
import { toPrompt } from './view.ts'

export const renderPrompt = async ({ promptId, values }: RenderPromptRequest, call: PublicCall) => {
  const { row, access } = await readPrompt(promptId, call)
  if (!readsHead(access, row.version)) throw notFound('version')
  return { text: render(toPrompt(row, access), values), version: row.version }
}
