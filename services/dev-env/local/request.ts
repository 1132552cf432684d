import { type CompletionRequest, textOf } from '../chat/completions.ts'
import type { ChatItem, Sampling } from './llama.ts'

/** The model's name. */
export const MODEL = 'smollm2-135m-instruct'

/**
 * Tokens of a prompt, at most. It reads about a hundred a second: that of two longer ones at once would take longer than the 30 s that the
 * test service gives a first token.
 */
export const MAX_PROMPT_TOKENS = 1024

/** Tokens of a response, at most. */
export const MAX_OUTPUT_TOKENS = 1024

/** What is sent with 503. */
export const COME_AGAIN = { 'retry-after': '2' }

// What the model's makers recommend.
const TEMPERATURE = 0.2
const TOP_P = 0.9

/** A request that can be served, or why it cannot. */
export type Read = { history: ChatItem[]; sampling: Sampling } | { problem: string }

/** Reads what is asked of the model. */
export function readRequest(request: CompletionRequest): Read {
  const { messages, temperature = TEMPERATURE, top_p: topP = TOP_P, seed, stop = [] } = request
  const maxTokens = request.max_completion_tokens ?? request.max_tokens ?? MAX_OUTPUT_TOKENS
  const stops = [stop].flat()
  const history = messages.map(itemOf)
  if (messages.length === 0 || !history.every((item) => item !== undefined))
    return { problem: 'messages must each have a role (system, developer, user or assistant) and a text as content' }
  if (!isWithin(maxTokens, 1, MAX_OUTPUT_TOKENS, Number.isInteger))
    return { problem: `max_tokens must be from 1 to ${MAX_OUTPUT_TOKENS}` }
  if (!isWithin(temperature, 0, 2)) return { problem: 'temperature must be from 0 to 2' }
  if (!isWithin(topP, 0, 1)) return { problem: 'top_p must be from 0 to 1' }
  if (seed !== undefined && !Number.isSafeInteger(seed)) return { problem: 'seed must be a whole number' }
  if (!stops.every((text) => typeof text === 'string' && text !== '')) return { problem: 'stop must have texts' }
  // The response is the last item.
  history.push({ type: 'model', response: [] })
  return { history, sampling: { maxTokens, temperature, topP, seed, stop: stops } }
}

function itemOf({ role, content }: CompletionRequest['messages'][number]): ChatItem | undefined {
  if (typeof content !== 'string' && !Array.isArray(content)) return undefined
  const text = textOf(content)
  switch (role) {
    case 'system':
    case 'developer':
      return { type: 'system', text }
    case 'user':
      return { type: 'user', text }
    case 'assistant':
      return { type: 'model', response: [text] }
    default:
      return undefined
  }
}

const isWithin = (value: unknown, least: number, most: number, is: (value: unknown) => boolean = Number.isFinite) =>
  is(value) && (value as number) >= least && (value as number) <= most
