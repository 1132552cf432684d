import type { ServerResponse } from 'node:http'
import { once } from 'node:events'
import { pause } from '#chassis/pause.ts'
import type { Word } from './answers.ts'

/** A request of OpenAI's chat completions, as far as it matters here. */
export type CompletionRequest = {
  model: string
  messages: { content: unknown }[]
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  max_tokens?: number
  max_completion_tokens?: number
  seed?: number
}

/** What was counted, and why it ended. */
export type Ending = { reason: 'stop' | 'length'; promptTokens: number; completionTokens: number }

const CREATED = 1_780_000_000

const of = (model: string, object: string, more: object) => ({
  id: 'chatcmpl-1',
  object,
  created: CREATED,
  model,
  ...more,
})

const usageOf = ({ promptTokens, completionTokens }: Ending) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
})

/** The text of a prompt: that of all its messages. */
export const promptOf = ({ messages }: CompletionRequest): string =>
  messages.map(({ content }) => textOf(content)).join('\n')

const textOf = (content: unknown): string =>
  Array.isArray(content)
    ? content.map(({ text = '' }: { text?: string }) => text).join('')
    : typeof content === 'string'
      ? content
      : ''

/** What a word is, now. */
export const wordOf = (word: Word): string => (typeof word === 'string' ? word : word())

/** Writes an error in OpenAI's form. */
export function writeError(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Record<string, string> = {},
) {
  const body = JSON.stringify({ error: { message, type: 'sandbox_error', param: null, code: null } })
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

/** Writes a completion at once. */
export function writeCompletion(response: ServerResponse, model: string, text: string, ending: Ending) {
  const message = { role: 'assistant', content: text }
  const body = of(model, 'chat.completion', {
    choices: [{ index: 0, message, finish_reason: ending.reason }],
    usage: usageOf(ending),
  })
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/**
 * Writes a completion piece by piece, with so many milliseconds before each, at the pace at which it is read, until the caller leaves.
 * Without an ending the connection just ends.
 */
export async function streamCompletion(
  response: ServerResponse,
  { model, stream_options: options }: CompletionRequest,
  pieces: Word[],
  gapMs: number,
  ending: Ending | undefined,
) {
  const left = new AbortController()
  response.on('close', () => left.abort())
  const write = async (chunk: object | string) => {
    const data = typeof chunk === 'string' ? chunk : JSON.stringify(of(model, 'chat.completion.chunk', chunk))
    if (!response.write(`data: ${data}\n\n`))
      await once(response, 'drain', { signal: left.signal }).catch(() => undefined)
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  await write({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })
  for (const content of pieces) {
    if (gapMs > 0) await pause(gapMs, left.signal)
    if (left.signal.aborted) return
    await write({ choices: [{ index: 0, delta: { content: wordOf(content) }, finish_reason: null }] })
  }
  if (ending) {
    await write({ choices: [{ index: 0, delta: {}, finish_reason: ending.reason }] })
    if (options?.include_usage) await write({ choices: [], usage: usageOf(ending) })
    await write('[DONE]')
  }
  response.end()
}
