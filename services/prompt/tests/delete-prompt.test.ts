import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
})
afterAll(() => service.stop())

const remove = (promptId: string, caller: Person) => service.prompts.deletePrompt({ promptId }, caller.as)
const isThere = (promptId: string) =>
  service.prompts.getPrompt({ promptId }, ann.as).then(
    () => true,
    () => false,
  )

describe('DeletePrompt', () => {
  test('takes the owner’s prompt away, once, and keeps the row', async () => {
    const { id } = await service.create(ann)
    expect(await remove(id, ann)).toEqual({})
    expect(await isThere(id)).toBe(false)
    expect(await rejection(remove(id, ann))).toMatchObject({ code: status.NOT_FOUND })
    const rows = await service.database.query('select deleted_at, revision, version from prompts where id = $1', [id])
    expect(rows).toEqual([{ deleted_at: expect.any(Date), revision: 2, version: 1 }])
  })

  test.each(['MODERATOR', 'ADMIN'] as const)('lets a %s delete anybody’s, also a private one', async (role) => {
    const moderator = await service.person('mod', role)
    const { id } = await service.create(ann, { isPublic: false })
    expect(await remove(id, moderator)).toEqual({})
    expect(await isThere(id)).toBe(false)
    expect(await rejection(remove(id, moderator))).toMatchObject({ code: status.NOT_FOUND })
  })

  test('goes by the role that the caller has now, not by the token’s', async () => {
    const [demoted, promoted] = [await service.person('was', 'MODERATOR'), await service.person('is')]
    service.identity.setAccount(demoted.userId, 'USER')
    service.identity.setAccount(promoted.userId, 'MODERATOR')
    const { id } = await service.create(ann)
    expect(await rejection(remove(id, demoted))).toMatchObject({ code: status.NOT_FOUND })
    expect(await isThere(id)).toBe(true)
    expect(await remove(id, promoted)).toEqual({})
  })

  test('refuses a moderator whose account is closed', async () => {
    const closed = await service.person('closed', 'MODERATOR')
    service.identity.setAccount(closed.userId, 'MODERATOR', false)
    const { id } = await service.create(ann)
    expect(await rejection(remove(id, closed))).toMatchObject({
      code: status.UNAUTHENTICATED,
      reason: 'ACCOUNT_DEACTIVATED',
    })
    expect(await isThere(id)).toBe(true)
  })

  test('is NOT_FOUND for others and for unknown ids, and needs a user', async () => {
    const { id } = await service.create(ann)
    expect(await rejection(remove(id, await service.person('bob')))).toMatchObject({ code: status.NOT_FOUND })
    expect(await rejection(remove(randomUUID(), ann))).toMatchObject({ code: status.NOT_FOUND })
    expect(await rejection(service.prompts.deletePrompt({ promptId: id }))).toMatchObject({ reason: 'TOKEN_MISSING' })
    expect(await isThere(id)).toBe(true)
  })
})
