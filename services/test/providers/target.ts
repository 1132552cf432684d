import { AsyncLocalStorage } from 'node:async_hooks'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { LRUCache } from 'lru-cache'

/** What a provider speaks. */
export type Protocol = 'openai' | 'anthropic' | 'google' | 'openai-compatible'

/** Where a model is reached, and with what right. */
export type Target = {
  /** The provider's name, for messages. */
  provider: string
  protocol: Protocol
  /** What the paths of its protocol are added to: `https://api.openai.com/v1`. */
  baseUrl: string
  /** Undefined: it is called without one. */
  apiKey: string | undefined
  /** Networks (CIDRs) that are not public and in which the provider may be. */
  allowedNetworks: readonly string[]
}

// The SDK takes a key from the environment where it is given none, and refuses to call without.
const NO_KEY = 'none'

type Fetch = typeof globalThis.fetch

/** What the call that goes on makes its requests with. */
const fetchOfCall = new AsyncLocalStorage<Fetch>()
const fetch: Fetch = (...request) => fetchOfCall.getStore()!(...request)

/** Models of a target that are kept: to make one takes half a millisecond. They are kept no longer than their target, which has the key. */
const MAX_KEPT = 100
const kept = new WeakMap<Target, LRUCache<string, ReturnType<typeof createModel>>>()

/** The model of the SDK. It makes the requests of a call with the `fetch` of `withFetch`. */
export function modelOf(target: Target, name: string) {
  const models = kept.get(target) ?? new LRUCache({ max: MAX_KEPT })
  kept.set(target, models)
  const model = models.get(name) ?? createModel(target, name)
  models.set(name, model)
  return model
}

/** Begins a call whose requests are made with `fetch`. */
export const withFetch = <T>(fetch: Fetch, begin: () => T): T => fetchOfCall.run(fetch, begin)

function createModel({ provider, protocol, baseUrl, apiKey = NO_KEY }: Target, model: string) {
  const settings = { baseURL: baseUrl, apiKey, fetch }
  switch (protocol) {
    case 'openai':
      // The bare call would speak to /responses.
      return createOpenAI(settings).chat(model)
    case 'anthropic':
      return createAnthropic(settings)(model)
    case 'google':
      return createGoogle(settings)(model)
    case 'openai-compatible':
      return createOpenAICompatible({ ...settings, name: provider, includeUsage: true })(model)
  }
}
