import { expect, test } from '@jest/globals'
import { inGroups } from './in-groups.ts'

/** Work that notes its groups, each of which it ends when it is told to. */
function noting() {
  const groups: (readonly number[])[] = []
  const ends: (() => void)[] = []
  const work = async (items: readonly number[]) => {
    groups.push(items)
    await new Promise<void>((resolve) => ends.push(resolve))
    if (items.includes(0)) throw new Error('0 is at fault')
    return items.map((item) => item * 10)
  }
  /** Ends the groups that have begun, and lets the next begin. */
  const end = async () => {
    await settled()
    for (const one of ends.splice(0)) one()
    await settled()
  }
  return { groups, end, work }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

test('what is asked for at once is done together, and each gets its own answer', async () => {
  const { groups, end, work } = noting()
  const ask = inGroups(10, work)
  const answers = [1, 2, 3].map(ask)
  await end()
  expect(await Promise.all(answers)).toEqual([10, 20, 30])
  expect(groups).toEqual([[1, 2, 3]])
})

test('what comes while a group is worked on waits for it, and is done together, no more at once than may be', async () => {
  const { groups, end, work } = noting()
  const ask = inGroups(2, work)
  const answers = [ask(1)]
  await settled()
  answers.push(...[2, 3, 4].map(ask))
  for (let group = 0; group < 3; group++) await end()
  expect(await Promise.all(answers)).toEqual([10, 20, 30, 40])
  expect(groups).toEqual([[1], [2, 3], [4]])
})

test('one that is at fault spoils no other', async () => {
  const { groups, end, work } = noting()
  const ask = inGroups(10, work)
  const answers = Promise.allSettled([1, 0, 2].map(ask))
  for (let group = 0; group < 2; group++) await end()
  expect((await answers).map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual([
    10,
    '0 is at fault',
    20,
  ])
  expect(groups).toEqual([[1, 0, 2], [1], [0], [2]])
  const after = ask(4)
  await end()
  expect(await after).toBe(40)
})
