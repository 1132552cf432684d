import { expect, test } from '@jest/globals'
import { createPageTokens, cutPage, pageSize } from './page-token.ts'

const tokens = createPageTokens('a secret that the replicas share.....')
const scope = { method: 'ListPrompts', category: 'writing' }
const reasonOf = (run: () => unknown) => {
  try {
    return { value: run() }
  } catch (error) {
    return { reason: (error as { reason?: string }).reason }
  }
}

test('a token gives back its cursor, on every replica that shares the secret', () => {
  const token = tokens.seal(scope, ['2026-01-01T00:00:00.000Z', 'id'])
  expect(createPageTokens('a secret that the replicas share.....').open(scope, token)).toEqual([
    '2026-01-01T00:00:00.000Z',
    'id',
  ])
})

test('no token is the first page', () => {
  expect(tokens.open(scope, '')).toBeUndefined()
})

test.each([
  ['another filter', (token: string) => reasonOf(() => tokens.open({ ...scope, category: 'code' }, token))],
  ['a changed byte', (token: string) => reasonOf(() => tokens.open(scope, `A${token.slice(1)}`))],
  ['a shortened token', (token: string) => reasonOf(() => tokens.open(scope, token.slice(0, -4)))],
  ['something appended', (token: string) => reasonOf(() => tokens.open(scope, `${token}!`))],
  ['another secret', (token: string) => reasonOf(() => createPageTokens('x'.repeat(32)).open(scope, token))],
  ['nonsense', () => reasonOf(() => tokens.open(scope, 'nonsense'))],
])('refuses %s', (_, open) => {
  expect(open(tokens.seal(scope, [1, 'id']))).toEqual({ reason: 'PAGE_TOKEN_INVALID' })
})

test('a page has 20 rows unless asked otherwise, and never more than 100', () => {
  expect([0, 1, 100, 101, 2_000_000].map(pageSize)).toEqual([20, 1, 100, 100, 100])
})

test('the last row of a page is where the next begins, and a last page has none', () => {
  expect(cutPage([1, 2, 3], 2)).toEqual({ page: [1, 2], last: 2 })
  expect(cutPage([1, 2], 2)).toEqual({ page: [1, 2], last: undefined })
  expect(cutPage([], 2)).toEqual({ page: [], last: undefined })
})
