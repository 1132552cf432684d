import { type CompletionRequest, textOf } from '../chat/completions.ts'
import type { ChatItem } from './llama.ts'

/** The model's name. */
export const MODEL = 'smollm2-135m-instruct'

/** Tokens of a prompt and its response together. */
export const CONTEXT_TOKENS = 4096

/** Tokens of a response, at most. */
export const MAX_OUTPUT_TOKENS = 2048

/** What is sent with 503. */
export const COME_AGAIN = { 'retry-after': '2' }

// What the model's makers recommend.
const TEMPERATURE = 0.2
const TOP_P = 0.9

/** How a response is to be generated. */
export type Sampling = {
  maxTokens: number | undefined
  temperature: number
  topP: number
  seed: number | undefined
  stop: string[]
}

/** A request that can be served, or why it cannot. */
export type Read = { history: ChatItem[]; sampling: Sampling } | { problem: string }

/** Reads what is asked of the model. */
export function readRequest(request: CompletionRequest): Read {
  const { messages, temperature = TEMPERATURE, top_p: topP = TOP_P, seed, stop = [] } = request
  const maxTokens = request.max_completion_tokens ?? request.max_tokens ?? undefined
  const stops = [stop].flat()
  const history = messages.map(itemOf)
  if (messages.length === 0 || !history.every((item) => item !== undefined))
    return { problem: 'messages must each have a role (system, developer, user or assistant) and a text as content' }
  if (maxTokens !== undefined && !isWithin(maxTokens, 1, MAX_OUTPUT_TOKENS, Number.isInteger))
    return { problem: `max_tokens must be from 1 to ${MAX_OUTPUT_TOKENS}` }
  if (!isWithin(temperature, 0, 2)) return { problem: 'temperature must be from 0 to 2' }
  if (!isWithin(topP, 0, 1)) return { problem: 'top_p must be from 0 to 1' }
  if (seed !== undefined && !Number.isSafeInteger(seed)) return { problem: 'seed must be a whole number' }
  if (!stops.every((text) => typeof text === 'string' && text !== '')) return { problem: 'stop must have texts' }
  // The response is the last item.
  history.push({ type: 'model', response: [] })
  return { history, sampling: { maxTokens, temperature, topP, seed, stop: stops } }
}

/** How many tokens a response may have after a prompt, or why it does not fit. */
export function roomFor(promptTokens: number, maxTokens: number | undefined): number | { problem: string } {
  const room = CONTEXT_TOKENS - promptTokens
  if (room < (maxTokens ?? 1)) {
    const asked = maxTokens === undefined ? 'leaves no room for a response' : `and max_tokens is ${maxTokens}`
    return { problem: `the model takes ${CONTEXT_TOKENS} tokens in all: the prompt has ${promptTokens}, ${asked}` }
  }
  return maxTokens ?? Math.min(room, MAX_OUTPUT_TOKENS)
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
