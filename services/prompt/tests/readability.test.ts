import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { Access_Kind } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { GetPromptResponse } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { checkAccess } from '../db/check-access.ts'
import { isListed, isReadableBy } from '../db/readable.ts'
import * as rules from '../prompt.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

// The readability table of data.md. A prompt has versions 1 to 5 and was made public at 3; the licence is for 2 to 4, the
// other licence for 2 and all later ones.
type Reader = 'owner' | 'anyone' | 'nobody' | 'licensee' | 'follower of all versions'
/** What is read: the prompt with its head content, the prompt without it, only versions, or nothing. */
type Sight = 'all' | 'no content' | 'versions' | 'nothing'
type Row = [state: string, columns: Record<string, unknown>, sights: Record<Reader, [Sight, ...[number, number][]]>]

const hidden = ['nothing'] as [Sight]
const everything = ['all', [1, 5]] as [Sight, [number, number]]

const TABLE: Row[] = [
  [
    'public and published',
    {},
    {
      owner: everything,
      anyone: ['all', [3, 5]],
      nobody: ['all', [3, 5]],
      licensee: ['all', [2, 5]],
      'follower of all versions': ['all', [2, 5]],
    },
  ],
  [
    'private and published',
    { is_public: false },
    {
      owner: everything,
      anyone: hidden,
      nobody: hidden,
      licensee: ['no content', [2, 4]],
      'follower of all versions': ['all', [2, 5]],
    },
  ],
  [
    'public and archived',
    { status: 'ARCHIVED' },
    {
      owner: everything,
      anyone: ['all', [3, 5]],
      nobody: ['all', [3, 5]],
      licensee: ['all', [2, 5]],
      'follower of all versions': ['all', [2, 5]],
    },
  ],
  [
    'private and archived',
    { status: 'ARCHIVED', is_public: false },
    {
      owner: everything,
      anyone: hidden,
      nobody: hidden,
      licensee: ['no content', [2, 4]],
      'follower of all versions': ['all', [2, 5]],
    },
  ],
  [
    'a draft, public once it is published',
    { status: 'DRAFT' },
    { owner: everything, anyone: hidden, nobody: hidden, licensee: hidden, 'follower of all versions': hidden },
  ],
  [
    'deleted',
    { deleted_at: new Date() },
    {
      owner: hidden,
      anyone: hidden,
      nobody: hidden,
      licensee: ['versions', [2, 4]],
      'follower of all versions': ['versions', [2, 5]],
    },
  ],
]

const CASES = TABLE.flatMap(([state, columns, sights]) =>
  Object.entries(sights).map(([reader, [sight, ...ranges]]) => ({
    state,
    columns,
    reader: reader as Reader,
    sight,
    ranges: ranges.map(([from, to]) => ({ from, to })),
  })),
)

let service: PromptTest
let people: Record<Exclude<Reader, 'nobody'>, Person>

beforeAll(async () => {
  service = await startPromptService()
  const [owner, anyone, licensee, follower] = await Promise.all(
    ['owner', 'anyone', 'licensee', 'follower'].map((name) => service.person(name)),
  )
  people = { owner: owner!, anyone: anyone!, licensee: licensee!, 'follower of all versions': follower! }
})
afterAll(() => service.stop())

async function arrange(columns: Record<string, unknown>) {
  const { id } = await service.create(people.owner, { title: 'T', description: 'D', tags: ['t'], content: 'secret' })
  await service.entitle(id, people.licensee.userId, { min_version: 2, max_version: 4 })
  await service.entitle(id, people['follower of all versions'].userId, { min_version: 2 })
  await service.set(id, { version: 5, public_from_version: 3, likes_count: 7, ...columns })
  return id
}

function assertPrompt({ prompt, access }: GetPromptResponse, { reader, sight, ranges }: (typeof CASES)[number]) {
  expect(access!.readableVersions).toEqual(ranges)
  expect(access!.kind === Access_Kind.OWNER).toBe(reader === 'owner')
  expect(prompt).toMatchObject({ title: 'T', description: 'D', tags: ['t'], likesCount: 7, version: 5 })
  expect(prompt!.content).toBe(sight === 'all' ? 'secret' : '')
  expect(prompt!.publicFromVersion).toBe(reader === 'owner' ? 3 : undefined)
}

describe.each(CASES)('$state, to $reader: $sight', (row) => {
  const { columns, reader, sight, ranges } = row
  const caller = () => (reader === 'nobody' ? {} : people[reader].as)
  const isShown = sight === 'all' || sight === 'no content'

  test('by GetPrompt and BatchGetPrompts', async () => {
    const id = await arrange(columns)
    const { prompts } = await service.prompts.batchGetPrompts({ promptIds: [id] }, caller())
    expect(prompts.map((prompt) => prompt.id)).toEqual(isShown ? [id] : [])
    const got = service.prompts.getPrompt({ promptId: id }, caller())
    if (isShown) assertPrompt(await got, row)
    else expect(await rejection(got)).toMatchObject({ code: status.NOT_FOUND, message: 'no such prompt' })
  })

  test('by RenderPrompt: only what includes the head', async () => {
    const id = await arrange(columns)
    const rendered = service.prompts.renderPrompt({ promptId: id, values: {} }, caller())
    if (sight === 'all') expect(await rendered).toEqual({ text: 'secret', version: 5 })
    else expect(await rejection(rendered)).toMatchObject({ code: status.NOT_FOUND })
  })

  test('by CheckAccess', async () => {
    const id = await arrange(columns)
    const asked = service.internal.checkAccess({ promptId: id }, caller())
    if (sight === 'nothing') expect(await rejection(asked)).toMatchObject({ code: status.NOT_FOUND })
    else {
      expect(await asked).toMatchObject({
        ownerId: people.owner.userId,
        headVersion: 5,
        access: { readableVersions: ranges },
      })
    }
  })
})

describe('the rule in SQL is the one in TypeScript', () => {
  const readers = ['owner', 'anyone', 'nobody', 'licensee', 'follower of all versions'] as const
  const states = [true, false].flatMap((is_public) =>
    (['DRAFT', 'PUBLISHED', 'ARCHIVED'] as const).flatMap((status) =>
      [null, new Date()].map((deleted_at) => ({ is_public, status, deleted_at })),
    ),
  )

  test.each(states)('for $status, public $is_public, deleted $deleted_at', async (state) => {
    const id = await arrange(state)
    const { sql } = service.service.context.database
    for (const reader of readers) {
      const readerId = reader === 'nobody' ? null : people[reader].userId
      const [inSql] = await service.database.query(
        `select ${isListed('p')} as listed, coalesce(${isReadableBy('p', '$2::uuid')}, false) as readable
        from prompts p where p.id = $1`,
        [id, readerId],
      )
      const [row] = await sql(checkAccess, { promptId: id, readerId })
      expect([reader, inSql]).toEqual([
        reader,
        { listed: rules.isListed(row!), readable: rules.accessTo(row!, readerId ?? undefined) !== undefined },
      ])
    }
  })
})

describe('a licence', () => {
  test.each([
    ['is no longer active', { active: false }],
    ['has expired', { expires_at: new Date(Date.now() - 1000) }],
    ['begins after the head', { min_version: 6 }],
  ])('opens nothing when it %s', async (_, columns) => {
    const id = await arrange({ is_public: false })
    const buyer = await service.person('buyer')
    await service.entitle(id, buyer.userId, columns)
    const got = rejection(service.prompts.getPrompt({ promptId: id }, buyer.as))
    expect(await got).toMatchObject({ code: status.NOT_FOUND })
    expect((await service.prompts.batchGetPrompts({ promptIds: [id] }, buyer.as)).prompts).toEqual([])
  })

  test('opens its versions until it expires', async () => {
    const id = await arrange({ is_public: false })
    const buyer = await service.person('buyer')
    await service.entitle(id, buyer.userId, { expires_at: new Date(Date.now() + 60_000), max_version: 1 })
    await service.entitle(id, buyer.userId, { license_type: 'COMMERCIAL', min_version: 4 })
    const { access } = await service.prompts.getPrompt({ promptId: id }, buyer.as)
    expect(access).toEqual({
      kind: Access_Kind.LICENSED,
      readableVersions: [
        { from: 1, to: 1 },
        { from: 4, to: 5 },
      ],
    })
  })
})
