import { describe, expect, test } from '@jest/globals'
import { drawing } from './draw.ts'

const faults = Array.from({ length: 20 }, (_, n) => ({ name: `fault ${n}`, maxMs: (n % 3) * 1000 }))
const names = (drawn: { name: string }[]) => drawn.map(({ name }) => name)

describe('a run of chaos', () => {
  test('has every fault once before one comes again, in each round', () => {
    const draw = drawing(faults)
    for (let round = 0; round < 5; round++) {
      const drawn = faults.map(() => draw())
      expect(names(drawn).toSorted()).toEqual(names(faults).toSorted())
    }
  })

  test('begins with the faults that last least, in an order of its own', () => {
    const [one, another] = [drawing(faults), drawing(faults, () => 0.999)]
    const drawn = faults.map(() => one())
    expect(drawn.map(({ maxMs }) => maxMs)).toEqual(drawn.map(({ maxMs }) => maxMs).toSorted((a, b) => a - b))
    expect(names(faults.map(() => another()))).not.toEqual(names(faults.map(drawing(faults, () => 0))))
  })

  test('needs a fault', () => {
    expect(() => drawing([])).toThrow('there is no fault to draw')
  })
})
