import { expect, test } from '@jest/globals'
import { requireSecrets } from './require.ts'

const secret = (name: string, data: Record<string, string>) => ({ metadata: { name, resourceVersion: '1' }, data })
const of = (...secrets: ReturnType<typeof secret>[]) => ({
  get: async (name: string) => secrets.find(({ metadata }) => metadata.name === name),
})

test('says in one sentence everything that pods would wait for in vain', async () => {
  const there = of(secret('keys', { 'page-tokens': 'eA==', viewers: '' }))
  const wanted = ['keys/page-tokens', 'keys/viewers', 'user-store/url', 'test-store/uri']
  await expect(requireSecrets(there, wanted, 0)).rejects.toThrow(
    'missing: viewers in the Secret keys; the Secret user-store with url; the Secret test-store with uri. Make what is missing and install again',
  )
})

test('waits for a Secret that somebody else is making', async () => {
  let looks = 0
  const late = { get: async (name: string) => (++looks > 1 ? secret(name, { url: 'eA==' }) : undefined) }
  expect(await requireSecrets(late, ['user-store/url'], 50)).toEqual(['all Secrets that pods need are there: 1 values'])
})
