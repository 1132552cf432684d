import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { valueOf } from '../kubernetes.ts'
import { makeSecrets } from '../secrets.ts'
import { type Api, failure, keep, startApi } from './api.ts'

const NAME = 'promptforge-secrets'
const KEYS = ['license-keys', 'license-signing-keys', 'page-tokens', 'provider-keys', 'signing-keys', 'viewers']

let api: Api

beforeEach(async () => {
  api = await startApi()
})

afterEach(() => api.stop())

const stored = () => api.secrets.get(NAME)!

test('the secrets of the services are made, each of its own 48 random bytes', async () => {
  expect(await makeSecrets(api.open())).toEqual([
    `${NAME}: made page-tokens, signing-keys, viewers, provider-keys, license-keys, license-signing-keys`,
  ])
  expect(Object.keys(stored().data!).sort()).toEqual(KEYS)
  const values = KEYS.map((key) => valueOf(stored(), key)!)
  expect(new Set(values).size).toBe(KEYS.length)
  for (const value of values) expect(Buffer.from(value, 'base64url')).toHaveLength(48)
  expect(stored()).toMatchObject({
    type: 'Opaque',
    metadata: { labels: { 'app.kubernetes.io/part-of': 'promptforge' } },
  })
})

test('secrets that are there are never changed, and only missing ones are added', async () => {
  keep(api, { metadata: { name: NAME }, data: { viewers: Buffer.from('old').toString('base64'), own: 'eA==' } })
  await makeSecrets(api.open())
  expect(Object.keys(stored().data!).sort()).toEqual([...KEYS, 'own'].sort())
  expect(valueOf(stored(), 'viewers')).toBe('old')
  const before = structuredClone(stored())
  expect(await makeSecrets(api.open())).toEqual([`${NAME}: has everything`])
  expect(stored()).toEqual(before)
})

test('several at once make one set of secrets, from nothing and from a part', async () => {
  const run = () => Promise.all([1, 2, 3].map(() => makeSecrets(api.open())))
  // All have read before the first writes.
  meetAt('POST', 3)
  expect((await run()).flat().sort()).toEqual([
    `${NAME}: has everything`,
    `${NAME}: has everything`,
    expect.stringContaining('made page-tokens, signing-keys, '),
  ])
  const { viewers, ...others } = stored().data!
  api.secrets.set(NAME, { ...stored(), data: others })
  meetAt('PATCH', 3)
  expect((await run()).flat().sort()).toEqual([
    `${NAME}: has everything`,
    `${NAME}: has everything`,
    `${NAME}: made viewers`,
  ])
  expect(stored().data).toMatchObject(others)
  expect(stored().data!['viewers']).not.toBe(viewers)
})

test('who changes the same Secret all the time is reported, and nothing is made of a stale one', async () => {
  keep(api, { metadata: { name: NAME }, data: {} })
  api.intercept = (method) => (method === 'PATCH' ? failure(409, 'the object has been modified') : undefined)
  await expect(makeSecrets(api.open())).rejects.toThrow(
    `the Secret ${NAME} was changed by somebody else 10 times at once: run this again`,
  )
  expect(stored().data).toEqual({})
})

/** Holds requests of a method until so many have come. */
function meetAt(method: string, count: number) {
  let come = 0
  let open = () => {}
  const all = new Promise<void>((resolve) => (open = resolve))
  api.intercept = (each) => {
    if (each !== method) return undefined
    if (++come === count) open()
    return all
  }
}
