import { describe, expect, test } from '@jest/globals'
import { loadConfig } from '#chassis/config.ts'
import { paymentsSchema } from './config.ts'

const load = (env: Record<string, string>) => loadConfig(paymentsSchema, env)

describe('the configuration', () => {
  test('leads to Stripe without a key by default', () => {
    expect(load({})).toEqual({ url: 'https://api.stripe.com', key: '', webhookSecret: '' })
  })

  test.each([
    'https://api.stripe.com',
    'https://payments.internal:8443',
    'http://127.0.0.1:50553',
    'http://localhost:1',
  ])('takes %s', (url) => {
    expect(load({ PF_PAYMENTS_URL: url }).url).toBe(url)
  })

  test.each([
    '',
    'api.stripe.com',
    'ftp://127.0.0.1',
    'https://api.stripe.com/v1',
    'https://me:key@api.stripe.com',
    'https://api.stripe.com?a',
  ])('refuses %j as an address', (url) => {
    expect(() => load({ PF_PAYMENTS_URL: url })).toThrow('PF_PAYMENTS_URL (url): must be a URL with')
  })

  test('sends no key in the clear to another machine', () => {
    expect(() => load({ PF_PAYMENTS_URL: 'http://payments:50553' })).toThrow('must begin with https://')
  })

  test('names all that is wrong, and shows no secret', () => {
    const wrong = { PF_PAYMENTS_KEY: 'pk_live_1234567', PF_PAYMENTS_WEBHOOK_SECRET: 'whsec_1 ' }
    const loading = () => load(wrong)
    expect(loading).toThrow('PF_PAYMENTS_KEY (key): must begin with sk_ or rk_, or be empty')
    expect(loading).toThrow('PF_PAYMENTS_WEBHOOK_SECRET (webhookSecret): must have no white space')
    expect(loading).not.toThrow('1234567')
  })
})
