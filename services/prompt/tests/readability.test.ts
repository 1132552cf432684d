import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { Access_Kind } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { GetPromptResponse } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { checkAccess } from '../db/check-access.ts'
import { isListed, isReadableBy, isShownTo } from '../db/readable.ts'
import * as rules from '../prompt.ts'
import { CASES, startReadable } from './readability-table.ts'

let service: Awaited<ReturnType<typeof startReadable>>

beforeAll(async () => {
  service = await startReadable()
})
afterAll(() => service.stop())

const arrange = (columns: Record<string, unknown>) => service.arrange({ likes_count: 7, ...columns })

function assertPrompt({ prompt, access }: GetPromptResponse, { reader, sight, ranges }: (typeof CASES)[number]) {
  expect(access!.readableVersions).toEqual(ranges)
  expect(access!.kind === Access_Kind.OWNER).toBe(reader === 'owner')
  expect(prompt).toMatchObject({ title: 'T', description: 'D', tags: ['t'], likesCount: 7, version: 5 })
  expect(prompt!.content).toBe(sight === 'all' ? 'secret' : '')
  expect(prompt!.publicFromVersion).toBe(reader === 'owner' ? 3 : undefined)
}

describe.each(CASES)('$state, to $reader: $sight', (row) => {
  const { columns, reader, sight, ranges } = row
  const caller = () => service.callerOf(reader)
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
        ownerId: service.people.owner.userId,
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
      const readerId = reader === 'nobody' ? null : service.people[reader].userId
      const [inSql] = await service.database.query(
        `select ${isListed('p')} as listed, coalesce(${isReadableBy('p', '$2::uuid')}, false) as readable,
          coalesce(${isShownTo('p', '$2::uuid')}, false) as shown
        from prompts p where p.id = $1`,
        [id, readerId],
      )
      const [row] = await sql(checkAccess, { promptId: id, readerId })
      expect([reader, inSql]).toEqual([
        reader,
        {
          listed: rules.isListed(row!),
          readable: rules.accessTo(row!, readerId ?? undefined) !== undefined,
          shown: rules.isShownTo(row!, readerId ?? undefined),
        },
      ])
    }
  })
})

describe('a licence', () => {
  test.each([
    ['is no longer active', { active: false }],
    ['has expired', { expiresAt: new Date(Date.now() - 1000) }],
    ['begins after the head', { minVersion: 6 }],
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
    await service.entitle(id, buyer.userId, { expiresAt: new Date(Date.now() + 60_000), maxVersion: 1 })
    await service.entitle(id, buyer.userId, { licenseType: License_Type.COMMERCIAL, minVersion: 4 })
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
