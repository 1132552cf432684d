import type { Schema } from '#chassis/config.ts'

/** How the payment provider is reached. */
export type PaymentsConfig = {
  /** `https://api.stripe.com`, or whatever speaks Stripe's API. */
  url: string
  /** Secret key, `sk_…` or `rk_…`. Empty: nobody can buy. */
  key: string
  /** Signs the provider's events, `whsec_…`. Empty: none is accepted. */
  webhookSecret: string
}

/** The schema of PaymentsConfig. */
export const paymentsSchema: Schema<PaymentsConfig> = {
  url: {
    doc: 'URL of the payment provider, which speaks Stripe’s API: scheme, host and port. Plain http is for this machine only.',
    format: providerUrl,
    default: 'https://api.stripe.com',
    env: 'PF_PAYMENTS_URL',
  },
  key: {
    doc: 'Secret key of the payment provider. Empty: nobody can buy or refund.',
    format: secretOf('sk_', 'rk_'),
    default: '',
    env: 'PF_PAYMENTS_KEY',
    sensitive: true,
  },
  webhookSecret: {
    doc: 'Secret with which the payment provider signs its events. Empty: none is accepted, and what they would tell is found out later.',
    format: secretOf('whsec_'),
    default: '',
    env: 'PF_PAYMENTS_WEBHOOK_SECRET',
    sensitive: true,
  },
}

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

function providerUrl(value: unknown) {
  const url = URL.canParse(String(value)) ? new URL(String(value)) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.href !== `${url.origin}/`)
    throw new Error('must be a URL with scheme, host and port alone: https://api.stripe.com')
  if (url.protocol === 'http:' && !LOOPBACK.includes(url.hostname))
    throw new Error('must begin with https:// unless it is on this machine: requests have the secret key')
}

function secretOf(...prefixes: string[]) {
  return (value: unknown) => {
    const text = String(value)
    if (text !== '' && !prefixes.some((prefix) => text.startsWith(prefix)))
      throw new Error(`must begin with ${prefixes.join(' or ')}, or be empty`)
    if (/\s/.test(text)) throw new Error('must have no white space')
  }
}
