import { expect, test } from '@jest/globals'
import { drain } from './drain.ts'

/** An attempt that finds these numbers of events, one after the other, and then none. */
const finding = (counts: number[]) => async () => {
  const count = counts.shift()
  if (count !== undefined) throw new Error('not yet', { cause: new Error(`${count} events wait`) })
}

test('a drain waits as long as events arrive, and says each time what waits', async () => {
  const said: string[] = []
  const counts = Array.from({ length: 100 }, (_, number) => 1000 - number)
  await drain(finding([...counts]), (line) => said.push(line))
  expect(said).toEqual(counts.map((count) => `waiting: ${count} events wait`))
})

test('a drain gives up when nothing moves any more, with what waits', async () => {
  await expect(drain(finding([9, 8, ...Array.from({ length: 100 }, () => 7)]), () => undefined)).rejects.toThrow(
    'the events do not move: 7 events wait',
  )
})

test('a drain ends when it is interrupted', async () => {
  const interrupt = () => {
    throw new Error('ended by SIGINT')
  }
  await expect(drain(finding([9, 8]), interrupt)).rejects.toThrow('ended by SIGINT')
})
