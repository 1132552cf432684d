import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { type Example, EXAMPLES_FILE, readExamples } from '../../gateway/openapi/examples.ts'
import { SESSION } from '../../gateway/openapi/session/index.ts'
import type { Step } from '../../gateway/openapi/session/step.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'
import { play, type Played } from './play-session.ts'
import { shapeOf, steady } from './steady.ts'

type Described = { parameters?: { name: string; in: string }[]; responses: Record<string, { $ref?: string }> }
type Document = { paths: Record<string, Record<string, Described & { operationId: string }>>; components: any }

/** Each with a title. */
const STEPS = SESSION.map((step) => [`${step.call} (${step.name ?? 'example'})`, step] as const)

let network: TestNetwork
let document: Document
let played: Played[]
const places = new Map<string, { verb: string; path: string; operation: Described }>()
const kept = new Map<string, string>()
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })

beforeAll(async () => {
  network = await startTestNetwork()
  document = (await network.rest('GET /openapi.json')).body
  ajv.addSchema(document, 'document')
  for (const [path, verbs] of Object.entries(document.paths)) {
    for (const [verb, operation] of Object.entries(verbs)) {
      places.set(operation.operationId, { verb: verb.toUpperCase(), path, operation })
    }
  }
  kept.set('mira', (await network.signUpAdmin('mira')).token)
  played = await play(network.gateway.url, SESSION, places, kept)
  if (process.env['PF_EXAMPLES'] === 'record') await record()
})
afterAll(() => network.stop())

/** Writes the answers down as the examples of the document, which `npm run gen` then takes over. */
async function record() {
  const examples = steady(
    played.map(({ example }) => example),
    JSON.stringify(SESSION),
    kept,
  )
  const settings = { ...(await resolveConfig(EXAMPLES_FILE)), filepath: EXAMPLES_FILE }
  writeFileSync(EXAMPLES_FILE, await format(JSON.stringify(examples), settings))
}

const find = ({ call, name = 'example' }: { call: string; name?: string }) =>
  played.find(({ example }) => example.operationId === call && example.name === name)!

/** A JSON pointer to what an operation's answers of this status say, followed by more. */
function pointer({ operationId, status }: Example, ...more: string[]): string {
  const { verb, path, operation } = places.get(operationId)!
  const reference = operation.responses[status]?.$ref?.split('/').slice(1)
  const parts = reference ?? ['paths', path, verb.toLowerCase(), 'responses', String(status)]
  return pointerTo(...parts, ...more)
}

const pointerTo = (...parts: string[]) =>
  parts.map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')

/** What is wrong with a value, as a schema of the document says. */
function mistakes(value: unknown, at: string): unknown {
  const check = ajv.compile({ $ref: `document#${at}` })
  return check(value) ? [] : check.errors
}

const described = (example: Example) => {
  const { operation } = places.get(example.operationId)!
  const { $ref, ...own } = operation.responses[example.status] as any
  return $ref ? document.components.responses[$ref.split('/').at(-1)] : own
}

test('every operation has an example', () => {
  const called = new Set(played.map(({ example }) => example.operationId))
  expect([...places.keys()].filter((id) => !called.has(id))).toEqual([])
})

describe('is answered as the document says:', () => {
  test.each(STEPS)('%s', (_, step) => {
    const { example } = find(step)
    const { answer, status, contentType = '' } = example
    const response = described(example)
    const { 'x-event-schema': events } = response.content[contentType]
    if (events)
      for (const event of eventsOf(answer))
        expect(mistakes(event, pointer(example, 'content', contentType, 'x-event-schema'))).toEqual([])
    else expect(mistakes(answer, pointer(example, 'content', contentType, 'schema'))).toEqual([])
    if (status >= 400) expect(response['x-error-reasons']).toContain((answer as any).details[0].reason)
  })
})

/** What each server-sent event says. */
const eventsOf = (text: unknown) =>
  [...String(text).matchAll(/^data: ?(.*)$/gm)].map(([, data]) => JSON.parse(data!) as unknown)

describe('keeps the rules of the document:', () => {
  test.each(STEPS.filter(([, { status = 200 }]) => status === 200))('%s', (_, step) => {
    const { example } = find(step)
    const { verb, path, operation } = places.get(example.operationId)!
    const at = ['paths', path, verb.toLowerCase()]
    if (example.body !== undefined) {
      expect(mistakes(example.body, pointerTo(...at, 'requestBody', 'content', 'application/json', 'schema'))).toEqual(
        [],
      )
    }
    const sent = { path: example.path, query: example.query } as Record<string, Record<string, unknown> | undefined>
    for (const [index, parameter] of (operation.parameters ?? []).entries()) {
      const value = sent[parameter.in]?.[parameter.name]
      if (value !== undefined)
        expect(mistakes(value, pointerTo(...at, 'parameters', String(index), 'schema'))).toEqual([])
    }
  })
})

test('the examples in the document are this session, with members as they are answered today: otherwise run `npm run examples`', () => {
  const recorded = [...readExamples().values()].flat()
  expect(recorded.map(outline).sort()).toEqual(played.map(({ example }) => outline(example)).sort())
  for (const one of recorded) {
    const { step, example: today } = find({ call: one.operationId, name: one.name })
    expect({ of: outline(one), ...(shapeOf(certain(one, step)) as object) }).toEqual({
      of: outline(one),
      ...(shapeOf(sameLists(certain(today, step), one)) as object),
    })
  }
})

/** An example without the members that its step names as varying. */
function certain(example: Example, { varying = [] }: Step): Example {
  const copy = structuredClone(example)
  for (const place of varying) {
    const names = place.split('.')
    const last = names.pop()!
    const holder = names.reduce((value, name) => value?.[name] as any, copy.answer as any)
    delete holder?.[last]
  }
  return copy
}

const outline = ({ operationId, name, status, contentType }: Example) =>
  `${operationId} ${name} ${status} ${contentType}`

/** A value without the lists that are empty there: what their items would be is not known. */
function sameLists(value: unknown, other: unknown): unknown {
  if (Array.isArray(value)) {
    if (!Array.isArray(other) || other.length === 0 || value.length === 0) return other
    return [sameLists(value[0], other[0])]
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      sameLists(inner, (other as Record<string, unknown> | undefined)?.[name]),
    ]),
  )
}
