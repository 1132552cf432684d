import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'

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

/** The model of the SDK, which makes its requests with `fetch`. */
export function modelOf(
  { provider, protocol, baseUrl, apiKey = NO_KEY }: Target,
  model: string,
  fetch: typeof globalThis.fetch,
) {
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
