import { expect, test } from '@jest/globals'
import { modelOf, type Target, withFetch } from './target.ts'

const target: Target = {
  provider: 'somebody',
  protocol: 'openai-compatible',
  baseUrl: 'http://127.0.0.1/v1',
  apiKey: 'a key',
  allowedNetworks: [],
}

test('calls of the same model at once make their requests each with its own fetch', async () => {
  const call = (name: string) =>
    withFetch(
      () => Promise.reject(new Error(`asked by ${name}`)),
      () => modelOf(target, 'echo').doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'one' }] }] }),
    )
  const [first, second] = await Promise.allSettled([call('the first'), call('the second')])
  expect(first).toMatchObject({ reason: { message: expect.stringContaining('asked by the first') } })
  expect(second).toMatchObject({ reason: { message: expect.stringContaining('asked by the second') } })
})

test('a model is kept for its target, and another target with another key has its own', () => {
  expect(modelOf(target, 'echo')).toBe(modelOf(target, 'echo'))
  expect(modelOf(target, 'echo')).not.toBe(modelOf(target, 'other'))
  expect(modelOf(target, 'echo')).not.toBe(modelOf({ ...target, apiKey: 'another key' }, 'echo'))
})
