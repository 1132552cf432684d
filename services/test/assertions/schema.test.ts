import { expect, test } from '@jest/globals'
import { createSchemas, type Validate } from './schema.ts'
import { readSchema } from './schema-rules.ts'

const schemas = createSchemas()
const compiled = (schema: unknown) => {
  const validate = schemas.compile(JSON.stringify(schema))
  if (typeof validate === 'string') throw new Error(validate)
  return validate as Validate
}
const problem = (schema: unknown) => schemas.compile(typeof schema === 'string' ? schema : JSON.stringify(schema))

test('a schema says what is wrong with a value, and where', () => {
  const validate = compiled({ properties: { a: { items: { type: 'string', pattern: '^x' } } }, required: ['a'] })
  expect(validate({ a: ['x'] })).toBeUndefined()
  expect(validate({ a: ['x', 1] })).toBe('/a/1 must be string')
  expect(validate({ a: ['y'] })).toBe('/a/0 must match pattern "^x"')
  expect(validate({})).toBe("it must have required property 'a'")
  expect(compiled(true)(1)).toBeUndefined()
  expect(compiled(false)(1)).toBe('it boolean schema is false')
})

test('each pattern is its own, and is of RE2', () => {
  const validate = compiled({
    properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } },
    patternProperties: { '^x': {} },
  })
  expect(validate({ a: 'a', b: 'b' })).toBeUndefined()
  expect(validate({ a: 'b', b: 'b' })).toBe('/a must match pattern "^a$"')
  expect(validate({ a: 'a', b: 'a' })).toBe('/b must match pattern "^b$"')
  expect(compiled({ pattern: '(a+)+$' })('a'.repeat(100_000) + 'b')).toMatch('must match pattern')
  expect(problem({ pattern: '(?=a)' })).toMatch('error parsing regexp')
})

test('a name that every object inherits is not there', () => {
  expect(compiled({ required: ['constructor'] })({})).toMatch('must have required property')
  expect(compiled({ properties: { toString: { type: 'string' } } })({})).toBeUndefined()
  expect(compiled({ required: ['__proto__'] })(JSON.parse('{"__proto__": 1}'))).toBeUndefined()
})

test('references to itself are followed, and no others', () => {
  const tree = {
    $id: 'https://a.example/tree',
    $ref: '#/$defs/node',
    $defs: { node: { items: { $ref: '#/$defs/node' }, type: 'array' } },
  }
  expect(compiled(tree)([[], [[]]])).toBeUndefined()
  expect(compiled(tree)([[1]])).toBe('/0/0 must be array')
  expect(problem({ $ref: 'https://a.example/tree' })).toBe('must refer to itself only, by #: not so at /$ref')
  expect(problem({ items: { anyOf: [{ $ref: 'x.json' }] } })).toMatch('/items/anyOf/0/$ref')
  expect(problem({ $ref: '#/nowhere' })).toMatch("can't resolve reference")
  expect(problem({ $dynamicRef: 'https://a.example/tree' })).toMatch('at /$dynamicRef')
})

test('of schemas that are used again the last ones are kept', () => {
  const [again, other] = ['{"type": "array"}', '{"type": "null"}']
  expect(schemas.compile(again)).toBe(schemas.compile(again))
  expect(schemas.compile(other)).not.toBe(schemas.compile(again))
})

test('no schema changes what another means', () => {
  const id = 'https://json-schema.org/draft/2020-12/schema'
  expect(compiled({ $id: id, type: 'string' })('x')).toBeUndefined()
  expect(compiled({ $id: 'https://a.example/', $defs: { a: { $id: 'b', type: 'string' } } })(1)).toBeUndefined()
  expect(compiled({ $id: 'https://a.example/', $defs: { a: { $id: 'b', type: 'number' } } })(1)).toBeUndefined()
  expect(problem({ $id: id, type: 'strong' })).toMatch('the schema/type must be equal to one of the allowed values')
})

test('what a schema may not be', () => {
  const nested = (depth: number): unknown => (depth === 0 ? {} : { not: nested(depth - 1) })
  expect(readSchema(JSON.stringify(nested(31)))).toHaveProperty('schema')
  expect(problem(nested(32))).toBe('must be at most 32 deep')
  expect(problem(`{"const": ${'['.repeat(10_000)}${']'.repeat(10_000)}}`)).toBe('must be at most 32 deep')
  expect(problem({ description: 'ä'.repeat(16_384) })).toBe('must have at most 32 KiB')
  expect(problem('{')).toMatch(/^must be JSON: /)
  for (const other of [12, null, [], '"x"']) expect(problem(other)).toBe('must be an object, or true or false')
  expect(problem({ $schema: 'http://json-schema.org/draft-07/schema#' })).toMatch('draft 2020-12')
  expect(problem({ type: 'strong' })).toMatch('the schema/type')
  expect(problem({ colour: 'red' })).toMatch('unknown keyword: "colour"')
  expect(problem('{"properties": {"__proto__": {}}}')).toBe('must not have the name __proto__')
  expect(problem({ minLength: -1 })).toMatch('minLength')
})

test('keywords that are refused are so where they are keywords, and not where they are names or values', () => {
  const places = [
    {},
    { items: {} },
    { properties: { a: {} } },
    { allOf: [{}] },
    { $defs: { a: {} } },
    { prefixItems: [{}] },
    { dependentSchemas: { a: {} } },
  ]
  for (const place of places)
    for (const keyword of ['"format": "email"', '"uniqueItems": true', '"$async": true']) {
      const schema = JSON.stringify(place).replace(/\{\}(?!.*\{\})/, `{${keyword}}`)
      expect(problem(schema)).toMatch(/^must not have (format|uniqueItems|\$async): it is at \//)
    }
  const validate = compiled({
    properties: { format: { const: { uniqueItems: true, $ref: 'x' } } },
    required: ['format'],
  })
  expect(validate({ format: { uniqueItems: true, $ref: 'x' } })).toBeUndefined()
})
