import type { ServerResponse } from 'node:http'
import { once } from 'node:events'

/** A request of OpenAI's chat completions, as far as it matters here. What is optional may be anything: who uses it looks. */
export type CompletionRequest = {
  model: string
  messages: { role?: unknown; content?: unknown }[]
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  max_tokens?: number
  max_completion_tokens?: number
  temperature?: number
  top_p?: number
  seed?: number
  stop?: string | string[]
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

/** The text of a message's content, which may be in parts. */
export const textOf = (content: unknown): string =>
  Array.isArray(content)
    ? content.map(({ text = '' }: { text?: string }) => text).join('')
    : typeof content === 'string'
      ? content
      : ''

/** Writes an error in OpenAI's form. */
export function writeError(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Record<string, string> = {},
) {
  const body = JSON.stringify({ error: { message, type: 'error', param: null, code: null } })
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

/** A completion that is written piece by piece. */
export type CompletionStream = {
  /** Aborted when the caller has left, or everything is written. */
  signal: AbortSignal
  /** Resolves when the caller can take more. */
  write(text: string): Promise<void>
  /** Without an ending the connection just ends. */
  end(ending: Ending | undefined): Promise<void>
}

/** Begins a completion that is written piece by piece. */
export function openStream(
  response: ServerResponse,
  { model, stream_options: options }: CompletionRequest,
): CompletionStream {
  const left = new AbortController()
  response.on('close', () => left.abort())
  const write = async (chunk: object | string) => {
    const data = typeof chunk === 'string' ? chunk : JSON.stringify(of(model, 'chat.completion.chunk', chunk))
    if (!response.write(`data: ${data}\n\n`) && !left.signal.aborted)
      await once(response, 'drain', { signal: left.signal }).catch(() => undefined)
  }
  const choice = (delta: object, reason: string | null) => ({ choices: [{ index: 0, delta, finish_reason: reason }] })
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const began = write(choice({ role: 'assistant', content: '' }, null))
  return {
    signal: left.signal,
    write: async (content) => {
      await began
      await write(choice({ content }, null))
    },
    end: async (ending) => {
      await began
      if (ending) {
        await write(choice({}, ending.reason))
        if (options?.include_usage) await write({ choices: [], usage: usageOf(ending) })
        await write('[DONE]')
      }
      response.end()
    },
  }
}
