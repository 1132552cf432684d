import { expect, test } from '@jest/globals'
import { oneAtATime } from './one-at-a-time.ts'

test('work runs in its order, one after the other, and what fails does not keep the next from running', async () => {
  const inTurn = oneAtATime()
  const said: string[] = []
  const { promise, resolve: end } = Promise.withResolvers<void>()
  const first = inTurn(async () => {
    said.push('first begins')
    await promise
    said.push('first ends')
    return 1
  })
  const second = inTurn(() => {
    said.push('second')
    throw new Error('no')
  })
  const third = inTurn(() => said.push('third'))
  end()
  await expect(second).rejects.toThrow('no')
  expect(await Promise.all([first, third])).toEqual([1, 4])
  expect(said).toEqual(['first begins', 'first ends', 'second', 'third'])
})
