import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { pause } from '#chassis/pause.ts'
import {
  type CompletionRequest,
  type Ending,
  openStream,
  promptOf,
  writeCompletion,
  writeError,
} from '../chat/completions.ts'
import { createChatServer } from '../chat/server.ts'
import { createAnswers, MODELS, type Word, wordsOf } from './answers.ts'

/** A call that the sandbox got. */
export type NotedCall = {
  model: string
  /** SHA-256 of the prompt's text, in hexadecimal. */
  prompt: string
  /** Whether it was refused because there were too many. */
  isThrottled: boolean
}

/** The sandbox: speaks OpenAI's chat completions at `/v1`, without a model behind it. It needs no key. `note` hears of each call before its answer. */
export function createSandbox(note: (call: NotedCall) => void = () => undefined) {
  const answer = createAnswers()
  const complete = async (request: CompletionRequest, response: ServerResponse) => {
    const prompt = promptOf(request)
    const planned = answer(request.model, prompt, request.seed ?? 0)
    if (!planned) return writeError(response, 404, `there is no model ${request.model}: see /v1/models`)
    const isThrottled = planned.kind === 'error' && planned.status === 429
    note({ model: request.model, prompt: createHash('sha256').update(prompt).digest('hex'), isThrottled })
    switch (planned.kind) {
      case 'silence':
        return undefined
      case 'error': {
        const headers: Record<string, string> =
          planned.retryAfter === undefined ? {} : { 'retry-after': String(planned.retryAfter) }
        return writeError(response, planned.status, planned.message, headers)
      }
      case 'words': {
        const most = request.max_completion_tokens ?? request.max_tokens ?? Infinity
        const words = planned.words.slice(0, most)
        const ending = {
          reason: words.length < planned.words.length ? ('length' as const) : ('stop' as const),
          promptTokens: wordsOf(prompt).length,
          completionTokens: words.length,
        }
        if (!request.stream) return writeCompletion(response, request.model, words.map(wordOf).join(''), ending)
        return streamWords(response, request, words, planned.gapMs, planned.isCut ? undefined : ending)
      }
    }
  }
  return createChatServer(MODELS, complete)
}

/** What a word is, now. */
const wordOf = (word: Word): string => (typeof word === 'string' ? word : word())

/** Writes words, with so many milliseconds before each, at the pace at which they are read, until the caller leaves. */
async function streamWords(
  response: ServerResponse,
  request: CompletionRequest,
  words: Word[],
  gapMs: number,
  ending: Ending | undefined,
) {
  const stream = openStream(response, request)
  for (const word of words) {
    if (gapMs > 0) await pause(gapMs, stream.signal)
    if (stream.signal.aborted) return
    await stream.write(wordOf(word))
  }
  await stream.end(ending)
}
