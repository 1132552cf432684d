import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { gunzipSync } from 'node:zlib'
import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { parse } from 'yaml'
import { ErrorReason } from '#contracts/gen/promptforge/error/v1/error.ts'
import { SITE } from '../site.ts'
import { startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.stop())

const get = (path: string, headers: Record<string, string> = {}) => gateway.rest(`GET ${path}`, { headers })

/** Asks without a library that unpacks by itself. */
const raw = (path: string, headers: Record<string, string>) =>
  new Promise<{ headers: NodeJS.Dict<string | string[]>; bytes: Buffer }>((resolve, reject) => {
    request(gateway.url + path, { headers, agent: false }, (answer) => {
      buffer(answer).then((bytes) => resolve({ headers: answer.headers, bytes }), reject)
    })
      .on('error', reject)
      .end()
  })

test('the document is served to anyone, as JSON and as YAML that say the same', async () => {
  const [json, yaml] = [await get('/openapi.json'), await get('/openapi.yaml')]
  expect(json).toMatchObject({ status: 200, json: { openapi: '3.1.1', info: { title: 'PromptForge' } } })
  expect(json.headers.get('access-control-allow-origin')).toBe('*')
  expect(json.headers.get('content-type')).toBe('application/json')
  expect(yaml.headers.get('content-type')).toBe('application/yaml')
  expect(parse(yaml.text)).toEqual(json.json)
})

test.each(SITE)('$path is compressed where that can be read, and 304 when it has not changed', async ({ path }) => {
  const [plain, packed] = [await raw(path, {}), await raw(path, { 'accept-encoding': 'br, gzip' })]
  expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: expect.stringContaining('Accept-Encoding') })
  expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true)
  expect(packed.headers['etag']).not.toBe(plain.headers['etag'])
  const again = await get(path, { 'if-none-match': String(packed.headers['etag']) })
  expect(again).toMatchObject({ status: 304, text: '' })
})

test('a page may load and ask nothing but from here, and is framed by nobody', async () => {
  for (const { path } of SITE.filter(({ contentType }) => contentType.startsWith('text/html'))) {
    const { status, headers, text } = await get(path)
    expect(status).toBe(200)
    const policy = headers.get('content-security-policy')
    expect(policy).toMatch(/^default-src 'none';.*connect-src 'self'.*frame-ancestors 'none'$/)
    expect(policy).not.toContain('unsafe')
    // What a page names is of this site.
    expect(text.match(/(?:src|href)="(?!\/|#|data:,)[^"]*"/g)).toBeNull()
  }
})

test('the address of the gateway leads to the reference', async () => {
  const answer = await fetch(`${gateway.url}/`, { redirect: 'manual' })
  expect(answer.status).toBe(302)
  expect(answer.headers.get('location')).toBe(`${gateway.url}/docs`)
})

test('every reason of an error has a section that says when it comes and what to do', async () => {
  const { text } = await get('/docs/errors')
  const { json } = await get('/openapi.json')
  const names = Object.entries(ErrorReason).flatMap(([name, value]) => (Number(value) > 0 ? [name] : []))
  expect(json.components.schemas.ErrorReason.enum).toEqual(names)
  for (const name of names) {
    const [section] = new RegExp(`<section id="${name}">[^]*?</section>`).exec(text) ?? ['']
    expect(section).toMatch(/<p>HTTP \d{3}, gRPC [A-Z_]+\. \S.+<\/p>\n<p><strong>What to do:<\/strong> \S.+<\/p>/)
  }
})

test('what is not there is refused as everywhere, and nothing can be written', async () => {
  expect((await get('/docs/secrets.html')).status).toBe(401)
  expect((await gateway.rest('POST /openapi.json', { body: '{}' })).status).toBe(401)
  const token = await gateway.token()
  expect((await gateway.rest('POST /openapi.json', { body: '{}', token })).status).toBe(404)
})
