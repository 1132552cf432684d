import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { firstIdOf, newId } from '../ids.ts'
import { createOutboxSearch } from './outbox-search.ts'

/** An outbox of these ids, each of whose looks takes so long. */
const outboxOf = (ids: string[], milliseconds: number) => {
  const search = createOutboxSearch()
  return {
    find: () =>
      search.find(
        async (after = '') => {
          await sleep(milliseconds)
          return ids.filter((id) => id > after).toSorted()
        },
        ([first]) => first,
      ),
    again: search.again,
  }
}

test('what could not be published is found again at once, however old it is and however long the looks take', async () => {
  const old = firstIdOf(Date.now() - 3_600_000)
  const ids = [old, newId()]
  const outbox = outboxOf(ids, 20)
  for (const _ of Array.from({ length: 5 })) {
    expect(await outbox.find()).toEqual(ids)
    outbox.again()
  }
})

test('what waits for a full stream is not looked for each time', async () => {
  const recent = newId()
  const outbox = outboxOf([firstIdOf(Date.now() - 3_600_000), recent], 20)
  expect(await outbox.find()).toHaveLength(2)
  for (const _ of Array.from({ length: 3 })) expect(await outbox.find()).toEqual([recent])
})
