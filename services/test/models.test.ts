import { afterAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadModels, noPrice, priceAt } from './models.ts'

const folder = mkdtempSync(join(tmpdir(), 'models-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(content: unknown): string {
  const path = join(folder, `${Math.random()}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const price = (validFrom: string, input = 1) => ({ validFrom, input, cacheRead: 0, cacheWrite: 0, output: 2 })
const model = (name: string, more: object = {}) => ({
  name,
  maxOutputTokens: 100,
  maxTokensCoversReasoning: true,
  prices: [price('2026-01-01T00:00:00Z')],
  ...more,
})
const provider = (models: object[], more: object = {}) => ({
  providers: [{ name: 'acme', protocol: 'openai', baseUrl: 'https://api.acme.example/v1', models, ...more }],
})
const load = (content: unknown, keys?: unknown) => loadModels(file(content), keys === undefined ? '' : file(keys))

test('a model is found by its name, by the longest pattern that fits, or not at all', () => {
  const models = load(provider([model('gpt-*'), model('gpt-5-*'), model('gpt-5-mini')]))
  const found = (name: string) => models.find('acme', name)?.name
  expect(['gpt-5-mini', 'gpt-5-nano', 'gpt-4', 'o1'].map(found)).toEqual(['gpt-5-mini', 'gpt-5-*', 'gpt-*', undefined])
  expect(models.find('other', 'gpt-4')).toBeUndefined()
})

test('a price is valid from its time to the next one’s, and a model may have none', () => {
  const prices = [price('2026-05-01T00:00:00Z', 5), price('2026-03-01T00:00:00Z', 3)]
  const models = load(provider([model('m', { prices })]))
  const inputAt = (time: string) => priceAt(models.all[0]!, new Date(time))?.input
  expect(
    ['2026-02-28T23:59:59Z', '2026-03-01T00:00:00Z', '2026-04-30T23:59:59Z', '2026-05-01T00:00:00Z'].map(inputAt),
  ).toEqual([undefined, 3n, 3n, 5n])
  const [unpriced] = load(provider([model('m', { prices: undefined })])).all
  expect(priceAt(unpriced!, new Date())).toBeUndefined()
  expect(noPrice(unpriced!)).toMatchObject({ input: 0n, output: 0n, validFrom: new Date(0) })
})

test('a price has the same id in every process', () => {
  const [one, other] = [load(provider([model('m')])), load(provider([model('m')]))]
  expect(one.all[0]!.prices[0]!.id).toBe(other.all[0]!.prices[0]!.id)
})

test('the operator’s keys are those of their providers', () => {
  const models = load(provider([model('m')]), { acme: 'sk-1', other: 'sk-2' })
  expect(models.all[0]!.target).toMatchObject({ provider: 'acme', apiKey: 'sk-1' })
})

describe('a file that is wrong is refused, with all that is wrong', () => {
  test('several mistakes', () => {
    const wrong = provider([model('m', { maxOutputTokens: 0, prices: 1 })], {
      name: 'Acme!',
      protocol: 'smtp',
      baseUrl: 'ftp://x',
      allowedNetworks: ['localhost'],
    })
    for (const field of [
      'name',
      'protocol',
      'baseUrl',
      'allowedNetworks.0',
      'models.0.maxOutputTokens',
      'models.0.prices',
    ])
      expect(() => load(wrong)).toThrow(`providers.0.${field}: `)
  })

  test.each([
    ['a field that there is not', provider([model('m', { maxTokens: 1 })]), /maxTokens/],
    [
      'a model whose limit does not bind its thoughts',
      provider([model('m', { maxTokensCoversReasoning: false })]),
      /maxTokensCoversReasoning/,
    ],
    [
      'a price that is not whole',
      provider([model('m', { prices: [price('2026-01-01T00:00:00Z', 0.5)] })]),
      /prices\.0\.input/,
    ],
    ['a provider that is called as the lane of own keys', provider([model('m')], { name: 'byok' }), /byok is the lane/],
    ['a model twice', provider([model('m'), model('m')]), /acme m is there twice/],
  ])('%s', (_, content, message) => {
    expect(() => load(content)).toThrow(message)
  })

  test('what is no JSON, without a word of what it says', () => {
    const keys = file('{"acme": sk-secret}')
    const loading = () => loadModels(file(provider([model('m')])), keys)
    expect(loading).toThrow(`cannot read ${keys}: it is not JSON`)
    expect(loading).not.toThrow(/sk-secret/)
  })

  test('a file that is not there', () => {
    expect(() => loadModels(join(folder, 'none.json'), '')).toThrow(/cannot read .*none\.json: ENOENT/)
  })
})

test('no file: no models', () => {
  expect(loadModels('', '').all).toEqual([])
})
