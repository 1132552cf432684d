import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { loadContract } from '#contracts/contract.ts'
import { cellsOf } from './access/cells.ts'
import { runRow } from './access/run.ts'
import { createScene, type Scene } from './access/scene.ts'
import { TABLE } from './access/table.ts'
import { SERVICES } from '../../services.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'

// Who may call which RPC, and what they get: access/*-table.ts, which access/row.ts explains.
let network: TestNetwork
let scene: Scene

beforeAll(async () => {
  network = await startTestNetwork()
  scene = await createScene(network)
})
afterAll(() => network.stop())

const { methods } = loadContract()

const ROWS = TABLE.flatMap(({ rpc, rows }) => {
  const method = methods.get(rpc.path)!
  return rows.map((row) => ({
    name: [rpc.path, row.when].filter(Boolean).join(', '),
    ...{ rpc, method, row, cells: cellsOf(method, row) },
  }))
})
const COUNT = ROWS.reduce((sum, { cells }) => sum + cells.length, 0)

test('every method of the contract is in the table', () => {
  expect(TABLE.map(({ rpc }) => rpc.path).sort()).toEqual([...methods.keys()].sort())
})

test.each(ROWS)('$name', async ({ rpc, method, row, cells }) => {
  const target = {
    scene,
    url: network.gateway.url,
    channelTo: ({ service }: typeof method, member: string) =>
      network.channelTo(SERVICES.find(({ nouns }) => nouns.includes(service.split('.')[1]!))!.name, member),
  }
  expect(await runRow(target, rpc, method, row, cells)).toEqual([])
})

test(`the table has ${COUNT} calls of ${methods.size} methods`, () => {
  expect(COUNT).toBeGreaterThan(methods.size)
})
