import { describe, expect, test } from '@jest/globals'
import type { Exposed } from '../exposed.ts'
import { pathRegex, restRoutes } from './paths.ts'

const method = (...paths: string[]) =>
  ({ routes: paths.map((path) => ({ verb: 'GET', path, body: '', pathFields: [] })) }) as unknown as Exposed

/** The template that the first rule for a path comes from, whatever the order of the contract. */
const firstFor = (path: string, templates: string[]) =>
  [templates, templates.toReversed()].map(
    (order) =>
      restRoutes([method(...order)])
        .map(({ route }) => route.path)
        .find((template) => new RegExp(`^${pathRegex(template)}$`).test(path)) ?? 'none',
  )

// Were a public template asked first, a closed one that it covers would be open.
describe('of two templates that fit a path the narrower one is asked first', () => {
  const templates = ['/v1/a/{id}', '/v1/a/{id}:export', '/v1/a/me', '/v1/a/{id}/b', '/v1/a/me/b', '/v1/a:list', '/v1/a']

  test.each([
    ['/v1/a/7', '/v1/a/{id}'],
    ['/v1/a/7:export', '/v1/a/{id}:export'],
    ['/v1/a/7:other', '/v1/a/{id}'],
    ['/v1/a/7%3Aexport', '/v1/a/{id}'],
    ['/v1/a/me', '/v1/a/me'],
    ['/v1/a/me/b', '/v1/a/me/b'],
    ['/v1/a/7/b', '/v1/a/{id}/b'],
    ['/v1/a:list', '/v1/a:list'],
    ['/v1/a', '/v1/a'],
    ['/v1/a/', 'none'],
    ['/v1/a/7/c', 'none'],
    ['/x/v1/a', 'none'],
  ])('%s', (path, template) => {
    expect(firstFor(path, templates)).toEqual([template, template])
  })
})

test('a dot in a path is a dot', () => {
  expect(pathRegex('/.well-known/jwks.json')).toBe('/\\.well-known/jwks\\.json')
})

test.each(['/v1/{name=a/*}', '/v1/**', '/v1/a+b'])(
  'a template with more than words and fields is refused: %s',
  (path) => {
    expect(() => pathRegex(path)).toThrow('fixed words and {field} only')
  },
)
