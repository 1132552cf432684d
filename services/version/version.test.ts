import { describe, expect, test } from '@jest/globals'
import { contentHash, type Held } from './version.ts'

const held: Held = { title: 't', content: 'c', description: 'd', category: 'g', variables: [{ name: 'v' }], model: 'm' }

describe('the hash of a version', () => {
  test('is 64 hexadecimal digits, the same for the same', () => {
    expect(contentHash(held)).toMatch(/^[0-9a-f]{64}$/)
    expect(contentHash({ ...held })).toBe(contentHash(held))
  })

  test.each<Partial<Held>>([
    { title: 'T' },
    { content: 'c ' },
    { description: '' },
    { category: '' },
    { variables: [] },
    { model: 'M' },
    { title: 'tc', content: '' },
  ])('is another for %j', (change) => {
    expect(contentHash({ ...held, ...change })).not.toBe(contentHash(held))
  })
})
