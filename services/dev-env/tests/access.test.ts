import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Channel } from '#chassis/grpc/client.ts'
import { loadContract, type Method } from '#contracts/contract.ts'
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
})
beforeAll(async () => {
  scene = await createScene(network)
})
afterAll(async () => {
  process.stdout.write(`the access table: ${COUNT} calls of ${methods.size} methods\n`)
  await network.stop()
})

const { methods } = loadContract()

const ROWS = TABLE.flatMap(({ rpc, rows }) => {
  const method = methods.get(rpc.path)!
  return rows.map((row) => ({
    name: [rpc.path, row.when].filter(Boolean).join(', '),
    rpc,
    method,
    row,
    cells: cellsOf(method, row),
  }))
})
const COUNT = ROWS.reduce((sum, { cells }) => sum + cells.length, 0)

test('every method of the contract is in the table', () => {
  expect(TABLE.map(({ rpc }) => rpc.path).sort()).toEqual([...methods.keys()].sort())
})

const channels = new Map<string, Channel>()

/** The connection to the service of a method with the certificate of a member of the mesh. */
function channelTo({ service }: Method, member: string): Channel {
  const { name } = SERVICES.find(({ nouns }) => nouns.includes(service.split('.')[1]!))!
  const key = `${member} to ${name}`
  const channel = channels.get(key) ?? network.channelTo(name, member)
  channels.set(key, channel)
  return channel
}

test.each(ROWS)('$name', async ({ rpc, method, row, cells }) => {
  const target = { scene, url: network.gateway.url, channelTo }
  expect(await runRow(target, rpc, method, row, cells)).toEqual([])
})
