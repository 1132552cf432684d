import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { unavailable } from '#chassis/errors.ts'
import type { Outgoing } from '#chassis/grpc/client.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import type { HttpBody } from '#contracts/gen/google/api/httpbody.ts'
import { PromptSummary } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { ListPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import { AUTHOR, contentChanged, startVersionService, type VersionTest } from './harness.ts'

/** The caller's prompts as the prompt service would list them, a page each time. */
let pages: PromptSummary[][]
/** The requests for them. */
let asked: (ListPromptsRequest & { outgoing: Outgoing })[]
let service: VersionTest

const prompts = {
  listPrompts: async (request: ListPromptsRequest, outgoing: Outgoing) => {
    asked.push({ ...request, outgoing })
    const number = Number(request.pageToken)
    const page = pages[number]
    if (!page) throw unavailable('the prompt service')
    return { prompts: page, nextPageToken: number + 1 < pages.length ? String(number + 1) : '' }
  },
} as Deps['remote']['prompts']

beforeAll(async () => {
  service = await startVersionService({ context: { remote: { prompts } as Deps['remote'] } })
})
afterAll(() => service.stop())
beforeEach(() => {
  asked = []
})

const outgoing = async (userId = AUTHOR.userId, { identity } = service) => ({
  token: await identity.tokenFor({ userId, username: 'ann' }),
  timeoutMs: 60_000,
})
const open = async (userId?: string, at = service) =>
  at
    .stub(VersionServiceService)
    .exportPrompts({}, await outgoing(userId, at))
    [Symbol.asyncIterator]()

const summary = (id: string, version: number, fields: Partial<PromptSummary> = {}) =>
  PromptSummary.fromPartial({ id, version, title: `Prompt ${id}`, createdAt: new Date('2026-11-01'), ...fields })

/** Some prompts with so many versions each. */
async function store(count: number, versions: number[], content = 'Content') {
  const made: PromptSummary[] = []
  for (let index = 0; index < count; index++)
    made.push(summary(await service.store(versions, { content }), versions.at(-1)!))
  return made
}

async function readRest(stream: AsyncIterator<HttpBody>) {
  const messages: HttpBody[] = []
  for (let next = await stream.next(); !next.done; next = await stream.next()) messages.push(next.value)
  return messages
}

const linesOf = (messages: HttpBody[]) =>
  Buffer.concat(messages.map(({ data }) => data))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

const download = async () => linesOf(await readRest(await open()))

/** A line as its kind and what tells it from others. */
const brief = ({ prompt, version, end }: any) => prompt?.id ?? version?.version ?? end

describe('ExportPrompts', () => {
  test('sends each prompt of the caller with all its versions, oldest first, and an end that says how many', async () => {
    const [one, two, three] = await store(3, [1, 2])
    pages = [[one!, two!], [three!]]
    const lines = await download()
    const end = { prompts: 3, versions: 6 }
    expect(lines.map(brief)).toEqual([one!.id, 1, 2, two!.id, 1, 2, three!.id, 1, 2, end])
    expect(asked).toMatchObject([
      { userId: 'me', pageToken: '' },
      { userId: 'me', pageToken: '1' },
    ])
    const { version } = await service.versions.getVersion({ promptId: one!.id, version: 2 })
    expect(lines[2].version).toMatchObject({
      promptId: one!.id,
      content: 'Content',
      description: 'What it is for',
      variables: [{ name: 'text', type: 'TEXT', required: true }],
      changes: 'Change 2',
      contentHash: version!.contentHash,
      createdAt: '2026-11-01T12:00:00.123Z',
    })
  })

  test('asks with the token of the caller, and leaves nothing behind at the call for each page', async () => {
    pages = Array.from({ length: 20 }, () => [])
    await download()
    expect(asked).toHaveLength(20)
    for (const { outgoing } of asked) {
      expect(outgoing.token).toBeTruthy()
      expect(outgoing.parent).toBeUndefined()
    }
  })

  test('sends an end alone to somebody without prompts', async () => {
    pages = [[]]
    expect(await download()).toEqual([{ end: {} }])
  })

  test('sends the versions that a prompt had when it was listed, whatever is written meanwhile', async () => {
    const [prompt] = await store(1, [1, 2, 3])
    pages = [[{ ...prompt!, version: 2 }]]
    expect((await download()).map(brief)).toEqual([prompt!.id, 1, 2, { prompts: 1, versions: 2 }])
  })

  test('waits for a version that was just written, and fails rather than leave it out', async () => {
    const [prompt] = await store(1, [1])
    pages = [[{ ...prompt!, version: 2, updatedAt: new Date() }]]
    expect(await rejection(download())).toMatchObject({ code: status.UNAVAILABLE, reason: 'VERSION_NOT_READY' })
    const running = download()
    await until('it to have begun', () => asked.length === 2)
    await service.handle(contentChanged(prompt!.id, 2))
    expect((await running).map(brief)).toEqual([prompt!.id, 1, 2, { prompts: 1, versions: 2 }])
  })

  test('leaves out a version that was lost long ago, and sends those behind it', async () => {
    const promptId = await service.store([1, 3])
    pages = [[summary(promptId, 4)]]
    expect((await download()).map(brief)).toEqual([promptId, 1, 3, { prompts: 1, versions: 2 }])
  })

  test('sends whole lines in messages of at most 2 MiB, however long the contents are', async () => {
    pages = [[...(await store(1, [1, 2, 3], '\u0001'.repeat(200_000))), ...(await store(100, [1]))]]
    const messages = await readRest(await open())
    expect(messages.length).toBeGreaterThan(3)
    for (const { contentType, data } of messages) {
      expect(contentType).toBe('application/x-ndjson')
      expect(data.length).toBeLessThanOrEqual(2 * 1024 * 1024)
      expect(data.at(-1)).toBe('\n'.charCodeAt(0))
    }
    expect(linesOf(messages).at(-1)).toEqual({ end: { prompts: 101, versions: 103 } })
  })

  test('without a token is refused', async () => {
    const stream = service.stub(VersionServiceService).exportPrompts({})[Symbol.asyncIterator]()
    expect(await rejection(stream.next())).toMatchObject({ code: status.UNAUTHENTICATED })
  })

  test('that fails in the middle has no end', async () => {
    const [prompt] = await store(1, [1, 2, 3], 'x'.repeat(200_000))
    pages = [[prompt!], undefined as never, []]
    const stream = await open()
    const { value } = await stream.next()
    expect(linesOf([value as HttpBody]).map(brief)).toEqual([prompt!.id, 1, 2])
    expect(await rejection(stream.next())).toMatchObject({ code: status.UNAVAILABLE })
  })
})

describe('a reader that does not read', () => {
  /** More than buffers on the way hold, a megabyte on each page. */
  const LARGE = 40

  beforeEach(async () => {
    const [prompt] = await store(1, [1, 2, 3, 4, 5], 'x'.repeat(200_000))
    pages = Array.from({ length: LARGE }, () => [prompt!])
  })

  const isHeldBack = () => {
    let before = -1
    return () => {
      const steady = asked.length === before
      before = asked.length
      return steady
    }
  }

  /** Another replica, which gives its calls so long when it stops. */
  async function startReplica(scope: AsyncDisposableStack, graceMs: number) {
    const config = { drain: { settleMs: 0, graceMs } }
    const replica = await startVersionService({
      context: { remote: { prompts } as Deps['remote'] },
      database: service.database,
      config,
    })
    scope.defer(replica.stop)
    return replica
  }

  test('is waited for, has one download at a time, and may begin another when it has left', async () => {
    const stream = await open()
    await stream.next()
    await until('it to be held back', isHeldBack())
    expect(asked.length).toBeLessThan(LARGE / 2)

    const second = await open()
    const refused = { code: status.RESOURCE_EXHAUSTED, reason: 'OVERLOADED' }
    expect(await rejection(second.next())).toMatchObject(refused)
    const other = await open(v7())
    await other.next()
    await other.return?.()

    await stream.return?.()
    const begins = async () => {
      const again = await open()
      return again.next().then(
        () => again.return?.().then(() => true),
        () => false,
      )
    }
    await until('another to begin', async () => (await begins()) === true)
  })

  test('does not hold up a service that stops, and its download fails', async () => {
    await using scope = new AsyncDisposableStack()
    const replica = await startReplica(scope, 500)
    const stream = await open(AUTHOR.userId, replica)
    await stream.next()
    await until('it to be held back', isHeldBack())
    await replica.service.destroy()
    await expect(readRest(stream)).rejects.toThrow()
  })

  test('but reads on while its service stops has the whole file', async () => {
    await using scope = new AsyncDisposableStack()
    const replica = await startReplica(scope, 60_000)
    const stream = await open(AUTHOR.userId, replica)
    const { value } = await stream.next()
    await until('it to be held back', isHeldBack())
    const stopped = replica.service.destroy()
    const messages = [value as HttpBody, ...(await readRest(stream))]
    expect(linesOf(messages).at(-1)).toEqual({ end: { prompts: LARGE, versions: 5 * LARGE } })
    await stopped
  })
})
