import { Agent, request } from 'undici'
import { API_VERSION } from '../../../services/dev-env/payments/serve.ts'

/** A payment, as the provider answers. */
type Intent = { id: string; status: string; amount: number; currency: string }

/** The calls of a purchase to the payment provider, as requests and nothing else. */
export function openPayments(url: string, key: string) {
  const agent = new Agent({ connections: 64 })
  const call = async (method: 'GET' | 'POST', path: string, form?: Record<string, string>, once?: string) => {
    const { statusCode, body } = await request(new URL(`/v1/payment_intents${path}`, url), {
      dispatcher: agent,
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'stripe-version': API_VERSION,
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(once && { 'idempotency-key': once }),
      },
      body: form ? new URLSearchParams(form).toString() : null,
    })
    const answer = await body.json()
    if (statusCode !== 200) throw new Error(`the payment provider: ${JSON.stringify(answer)}`)
    return answer as Intent
  }
  return {
    create: (transaction: string, amount: bigint, currency: string) => {
      const form = {
        amount: String(amount),
        currency: currency.toLowerCase(),
        'payment_method_types[0]': 'card',
        'metadata[transaction]': transaction,
      }
      return call('POST', '', form, `${transaction}:create`)
    },
    confirm: (transaction: string, reference: string, method: string) => {
      const form = { payment_method: method, error_on_requires_action: 'true' }
      return call('POST', `/${reference}/confirm`, form, `${transaction}:confirm`)
    },
    retrieve: (reference: string) => call('GET', `/${reference}`),
  }
}
