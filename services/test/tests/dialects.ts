import type { Protocol } from '../providers/target.ts'

/** What a provider counts, in classes that do not overlap. */
export type Counted = { fresh: number; cacheRead: number; cacheWrite: number; text: number; reasoning: number }

/** How a protocol streams a response: pieces of `text/event-stream`. */
export type Dialect = {
  begin(counted: Counted): string
  text(text: string): string
  /** Its end, with why it ended and, where the protocol has it there, what was counted. */
  end(reason: 'stop' | 'length', counted: Counted | undefined): string
  /** Of an error, in an answer of a status from 400 on. */
  error(message: string): object
}

const data = (message: object) => `data: ${JSON.stringify(message)}\n\n`

const chunk = (more: object) =>
  data({ id: 'c1', object: 'chat.completion.chunk', created: 1_780_000_000, model: 'm', ...more })

const openai: Dialect = {
  begin: () => chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
  text: (content) => chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
  end: (reason, counted) =>
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: reason }] }) +
    (counted ? chunk({ choices: [], usage: openaiUsage(counted) }) : '') +
    'data: [DONE]\n\n',
  error: (message) => ({ error: { message, type: 'invalid_request_error', param: null, code: null } }),
}

// OpenAI counts cached tokens among those of the input, and has no price for writing.
const openaiUsage = ({ fresh, cacheRead, cacheWrite, text, reasoning }: Counted) => ({
  prompt_tokens: fresh + cacheRead + cacheWrite,
  completion_tokens: text + reasoning,
  total_tokens: fresh + cacheRead + cacheWrite + text + reasoning,
  prompt_tokens_details: { cached_tokens: cacheRead },
  completion_tokens_details: { reasoning_tokens: reasoning },
})

const event = (type: string, more: object) => `event: ${type}\n${data({ type, ...more })}`

const anthropic: Dialect = {
  // Anthropic counts cached tokens beside those of the input.
  begin: ({ fresh, cacheRead, cacheWrite }) =>
    event('message_start', {
      message: {
        id: 'm1',
        type: 'message',
        role: 'assistant',
        content: [],
        model: 'm',
        stop_reason: null,
        stop_sequence: null,
        usage: {
          input_tokens: fresh,
          cache_read_input_tokens: cacheRead,
          cache_creation_input_tokens: cacheWrite,
          output_tokens: 1,
        },
      },
    }) + event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  text: (text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  end: (reason, counted) =>
    event('content_block_stop', { index: 0 }) +
    event('message_delta', {
      delta: { stop_reason: reason === 'stop' ? 'end_turn' : 'max_tokens', stop_sequence: null },
      usage: { output_tokens: counted ? counted.text + counted.reasoning : 0 },
    }) +
    event('message_stop', {}),
  error: (message) => ({ type: 'error', error: { type: 'api_error', message } }),
}

const google: Dialect = {
  begin: () => '',
  text: (text) => data({ candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] } }] }),
  end: (reason, counted) =>
    data({
      candidates: [
        {
          index: 0,
          content: { role: 'model', parts: [{ text: '' }] },
          finishReason: reason === 'stop' ? 'STOP' : 'MAX_TOKENS',
        },
      ],
      ...(counted && { usageMetadata: googleUsage(counted) }),
    }),
  error: (message) => ({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }),
}

// Google counts cached tokens among those of the input, and thoughts beside those of the output.
const googleUsage = ({ fresh, cacheRead, cacheWrite, text, reasoning }: Counted) => ({
  promptTokenCount: fresh + cacheRead + cacheWrite,
  cachedContentTokenCount: cacheRead,
  candidatesTokenCount: text,
  thoughtsTokenCount: reasoning,
  totalTokenCount: fresh + cacheRead + cacheWrite + text + reasoning,
})

/** The dialect of each protocol. */
export const DIALECTS: Record<Protocol, Dialect> = { openai, 'openai-compatible': openai, anthropic, google }
