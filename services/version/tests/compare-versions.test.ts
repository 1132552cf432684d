import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { Variable_Type } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import {
  FieldChange_Field as Field,
  Hunk_Run_Kind as Kind,
} from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { contentChanged, startVersionService, type VersionTest } from './harness.ts'

let service: VersionTest

beforeAll(async () => {
  service = await startVersionService()
})
afterAll(() => service.stop())

const compare = (promptId: string, from: number, to: number) => service.versions.compareVersions({ promptId, from, to })
const variable = (name: string, description: string) => ({
  name,
  type: Variable_Type.TEXT,
  description,
  required: false,
  options: [],
})

describe('CompareVersions', () => {
  test('answers with what differs: fields, variables, and the content in hunks and as a unified diff', async () => {
    const promptId = await service.store([1], {
      title: 'Old',
      content: 'one\ntwo\nthree\n',
      variables: [variable('a', ''), variable('b', ''), variable('c', '')],
    })
    service.readable.set(promptId, [{ from: 1, to: 2 }])
    await service.handle(
      contentChanged(promptId, 2, {
        title: 'New',
        category: '',
        content: 'one\n2\nthree\n',
        variables: [variable('d', ''), variable('b', 'changed'), variable('a', '')],
      }),
    )
    expect(await compare(promptId, 1, 2)).toEqual({
      fields: [
        { field: Field.TITLE, from: 'Old', to: 'New' },
        { field: Field.CATEGORY, from: 'writing', to: '' },
      ],
      variables: [
        { name: 'b', from: variable('b', ''), to: variable('b', 'changed') },
        { name: 'c', from: variable('c', ''), to: undefined },
        { name: 'd', from: undefined, to: variable('d', '') },
      ],
      hunks: [
        {
          fromStart: 1,
          fromLines: 3,
          toStart: 1,
          toLines: 3,
          runs: [
            { kind: Kind.CONTEXT, text: 'one\n' },
            { kind: Kind.REMOVED, text: 'two\n' },
            { kind: Kind.ADDED, text: '2\n' },
            { kind: Kind.CONTEXT, text: 'three\n' },
          ],
        },
      ],
      unifiedDiff: '--- version 1\n+++ version 2\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n',
      comparedAsBlocks: false,
    })
    expect((await compare(promptId, 2, 1)).unifiedDiff).toContain('-2\n+two\n')
  })

  test('of a version with itself, or with one that holds the same, is empty', async () => {
    const promptId = await service.store([1, 2], { content: 'The same' })
    const nothing = { fields: [], variables: [], hunks: [], unifiedDiff: '', comparedAsBlocks: false }
    expect(await compare(promptId, 1, 1)).toEqual(nothing)
    expect(await compare(promptId, 1, 2)).toEqual(nothing)
  })

  test('is NOT_FOUND when one of them may not be read', async () => {
    const promptId = await service.store([1, 2, 3])
    service.readable.set(promptId, [{ from: 2, to: 3 }])
    for (const [from, to] of [
      [1, 2],
      [2, 1],
      [2, 4],
    ] as const)
      expect(await rejection(compare(promptId, from, to))).toMatchObject({ code: status.NOT_FOUND })
    expect((await compare(promptId, 2, 3)).hunks).toHaveLength(1)
  })

  test('of the longest contents with no line in common answers with one change, and says so', async () => {
    const promptId = await service.store([1], { content: '🚀\n'.repeat(100_000) })
    service.readable.set(promptId, [{ from: 1, to: 2 }])
    await service.handle(contentChanged(promptId, 2, { content: '🎈\n'.repeat(100_000) }))
    const { comparedAsBlocks, hunks, unifiedDiff } = await compare(promptId, 1, 2)
    expect([comparedAsBlocks, hunks.length, unifiedDiff.length > 500_000]).toEqual([true, 1, true])
  })
})
