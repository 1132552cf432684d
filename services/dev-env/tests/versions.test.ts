import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { jetstream } from '@nats-io/jetstream'
import { rejection } from '#chassis/testing/rejection.ts'
import { EVENTS } from '#contracts/events.ts'
import { type Entitlement, License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { LicenseGranted } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import { LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork
let owner: SignedIn
let licensee: SignedIn
let anyone: SignedIn

beforeAll(async () => {
  network = await startTestNetwork()
  ;[owner, licensee, anyone] = await Promise.all([network.signUp(), network.signUp(), network.signUp()])
})
afterAll(() => network.stop())

async function create(body: object = {}) {
  const { body: answer } = await network.rest('POST /v1/prompts', {
    token: owner.token,
    body: { title: 'Title', content: 'Content 1', category: 'writing', ...body },
  })
  return answer.prompt.id as string
}

const update = (promptId: string, body: object) =>
  network.rest(`PATCH /v1/prompts/${promptId}`, { token: owner.token, body })

/** Grants a licence, as the marketplace does. */
const grant = (versions: Pick<Entitlement, 'promptId' | 'userId' | 'minVersion' | 'maxVersion'>) => {
  const licenseId = randomUUID()
  const entitlement = { ...versions, licenseId, licenseType: License_Type.PERSONAL, active: true, revision: 1n }
  const metadata = { aggregateId: licenseId, aggregateRevision: 1n, occurredAt: new Date() }
  const data = LicenseGranted.encode(LicenseGranted.fromPartial({ metadata, entitlement })).finish()
  return jetstream(network.broker.connection).publish(EVENTS.licenseGranted.subject, data, { msgID: randomUUID() })
}

test('somebody edits a prompt, and reads at once what it said before and what it says now', async () => {
  const promptId = await create()
  await update(promptId, { content: 'Content 2', changes: 'Better' })
  const path = `/v1/prompts/${promptId}/versions`
  const answers = await Promise.all([1, 2].map((version) => network.rest(`GET ${path}/${version}`)))
  expect(answers).toMatchObject([
    { status: 200, body: { version: { version: 1, content: 'Content 1', changes: '', username: owner.username } } },
    { status: 200, body: { version: { version: 2, content: 'Content 2', changes: 'Better' } } },
  ])
  const list = await network.rest(`GET ${path}`)
  expect(list.body.versions).toMatchObject([
    { version: 2, content: '', changes: 'Better' },
    { version: 1, content: '' },
  ])
  const full = await network.rest(`GET ${path}?view=FULL&page_size=1`)
  expect(full.body.versions).toMatchObject([{ version: 2, content: 'Content 2' }])
  const rest = await network.rest(`GET ${path}?view=FULL&page_size=1&page_token=${full.body.nextPageToken}`)
  expect(rest.body).toMatchObject({ versions: [{ version: 1, content: 'Content 1' }], nextPageToken: '' })
})

test('a version that the reader has already is not sent again, and nobody else may keep it', async () => {
  const promptId = await create({ isPublic: false })
  const path = `GET /v1/prompts/${promptId}/versions/1`
  const { token } = owner
  const first = await network.rest(path, { token })
  const etag = first.headers.get('etag')!
  expect(etag).toBe(`"${first.body.version.contentHash}"`)
  expect(first.headers.get('cache-control')).toBe('private, no-cache')

  const again = await network.rest(path, { token, headers: { 'if-none-match': etag } })
  expect(again).toMatchObject({ status: 304, body: '' })
  expect(again.headers.get('etag')).toBe(etag)
  expect((await network.rest(path, { token, headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  expect((await network.rest(path, { headers: { 'if-none-match': etag } })).status).toBe(404)

  const versions = network.gatewayStub(VersionServiceService)
  const known = { promptId, version: 1, knownHash: first.body.version.contentHash as string }
  expect(await versions.getVersion(known, { token })).toEqual({ version: undefined, notModified: true })
})

// The readability table of data.md. A prompt has versions 1 to 5 and was made public at 3; the licence is for 2 to 4.
type Reader = 'owner' | 'licensee' | 'anyone' | 'nobody'
type Row = [state: string, arrange: (promptId: string) => Promise<unknown>, readable: Record<Reader, number[]>]

const all = [5, 4, 3, 2, 1]
const TABLE: Row[] = [
  ['public', async () => {}, { owner: all, licensee: [5, 4, 3, 2], anyone: [5, 4, 3], nobody: [5, 4, 3] }],
  [
    'private',
    (promptId) => update(promptId, { isPublic: false }),
    { owner: all, licensee: [4, 3, 2], anyone: [], nobody: [] },
  ],
  [
    'archived',
    (promptId) => update(promptId, { status: 'ARCHIVED' }),
    { owner: all, licensee: [5, 4, 3, 2], anyone: [5, 4, 3], nobody: [5, 4, 3] },
  ],
  [
    'a draft',
    (promptId) => update(promptId, { status: 'DRAFT' }),
    { owner: all, licensee: [4, 3, 2], anyone: [], nobody: [] },
  ],
  [
    'deleted',
    (promptId) => network.rest(`DELETE /v1/prompts/${promptId}`, { token: owner.token }),
    { owner: [], licensee: [4, 3, 2], anyone: [], nobody: [] },
  ],
]

describe.each(TABLE)('the versions of a prompt that is %s', (_, arrange, readable) => {
  let promptId: string

  beforeAll(async () => {
    promptId = await create({ isPublic: false })
    for (const version of [2, 3, 4, 5]) await update(promptId, { content: `Content ${version}` })
    await update(promptId, { isPublic: true, publicFromVersion: 3 })
    await grant({ promptId, userId: licensee.id, minVersion: 2, maxVersion: 4 })
    for (const version of all) {
      const path = `/v1/prompts/${promptId}/labels/v${version}`
      const answer = await network.rest(`PUT ${path}`, { token: owner.token, body: { version } })
      expect(answer.status).toBe(200)
    }
    await arrange(promptId)
    await network.processAll()
  })

  test.each(Object.entries(readable) as [Reader, number[]][])('are, to %s, %j', async (reader, expected) => {
    const versions = network.stub('version', VersionServiceService)
    const outgoing = { token: { owner, licensee, anyone, nobody: undefined }[reader]?.token }
    const list = versions.listVersions({ promptId, pageSize: 0, pageToken: '', view: 2 }, outgoing)
    if (expected.length === 0) expect(await rejection(list)).toMatchObject({ code: status.NOT_FOUND })
    else expect((await list).versions.map(({ version }) => version)).toEqual(expected)
    for (const version of [1, 2, 3, 4, 5, 6]) {
      const got = versions.getVersion({ promptId, version }, outgoing)
      if (expected.includes(version))
        expect((await got).version).toMatchObject({ version, content: `Content ${version}` })
      else expect(await rejection(got)).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
    }
  })

  test.each(Object.entries(readable) as [Reader, number[]][])(
    'have labels, which are, to %s, those of %j',
    async (reader, expected) => {
      const labels = network.stub('version', LabelServiceService)
      const outgoing = { token: { owner, licensee, anyone, nobody: undefined }[reader]?.token }
      const page = { promptId, pageSize: 0, pageToken: '' }
      const list = labels.listLabels(page, outgoing)
      if (expected.length === 0) expect(await rejection(list)).toMatchObject({ code: status.NOT_FOUND })
      else expect((await list).labels.map(({ version }) => version)).toEqual(expected.toReversed())
      for (const version of all) {
        const label = `v${version}`
        const changes = labels.listLabelChanges({ ...page, label }, outgoing)
        const count = (await changes.catch(() => ({ changes: [] }))).changes.length
        expect(count).toBe(expected.includes(version) ? 1 : 0)
        const got = labels.getLabel({ promptId, label }, outgoing)
        if (expected.includes(version))
          expect(await got).toMatchObject({ label: { version }, version: { content: `Content ${version}` } })
        else expect(await rejection(got)).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
      }
    },
  )
})

test('an owner compares two versions and restores the former one', async () => {
  const promptId = await create({ content: 'one\ntwo\n', tags: ['kept'] })
  await update(promptId, { content: 'one\n2\n', title: 'Other', category: '' })
  const path = `/v1/prompts/${promptId}/versions`
  const { body: comparison } = await network.rest(`GET ${path}:compare?from=1&to=2`)
  expect(comparison).toMatchObject({
    fields: [
      { field: 'TITLE', from: 'Title', to: 'Other' },
      { field: 'CATEGORY', from: 'writing', to: '' },
    ],
    unifiedDiff: '--- version 1\n+++ version 2\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n',
  })
  const restore = (version: number, caller = owner, body: object = {}) =>
    network.rest(`POST ${path}/${version}:restore`, { token: caller.token, body })
  const restored = await restore(1)
  expect(restored.body.prompt).toMatchObject({
    title: 'Title',
    content: 'one\ntwo\n',
    category: 'writing',
    tags: ['kept'],
    version: 3,
  })
  const third = await network.rest(`GET ${path}/3`)
  expect(third.body.version).toMatchObject({ content: 'one\ntwo\n', changes: 'restored version 1' })
  expect((await restore(1)).body.prompt.version).toBe(3)
  expect(await restore(2, owner, { etag: '1' })).toMatchObject({
    status: 409,
    body: { details: [{ reason: 'ETAG_STALE' }] },
  })
  expect(await restore(1, anyone)).toMatchObject({ status: 404, body: { message: 'no such prompt' } })
  expect(await restore(9)).toMatchObject({ status: 404 })
})
