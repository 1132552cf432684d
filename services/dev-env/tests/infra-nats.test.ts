import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { until } from '#chassis/testing/until.ts'
import { type Nats, natsAnswers, startNats } from '../infra/nats.ts'

const folder = join(process.env['PF_TEST_FOLDER']!, `infra-${randomUUID()}`)
const logFile = join(folder, 'logs/nats.log')
const configPath = join(folder, 'nats.json')
let server: Nats

beforeAll(async () => {
  mkdirSync(folder)
  // What `services/broker` renders has tests there.
  const jetstreamConfig = { store_dir: join(folder, 'data'), sync_interval: 'always' }
  writeFileSync(configPath, JSON.stringify({ jetstream: jetstreamConfig }))
  server = await startNats({ configPath, port: 0, logFile })
})

afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

test.each(['fast', 'kill'] as const)('what was acknowledged outlives a restart: %s', async (how) => {
  const before = await connect({ servers: server.url })
  await (await jetstreamManager(before)).streams.add({ name: how, subjects: [how] })
  await Promise.all(Array.from({ length: 300 }, () => jetstream(before).publish(how, 'kept')))
  await before.close()
  await server.restart(how)
  const after = await connect({ servers: server.url })
  expect((await (await jetstreamManager(after)).streams.info(how)).state.messages).toBe(300)
  await after.close()
})

test('a port that is taken is an error with the end of the log', async () => {
  const taken = startNats({ configPath, port: server.port, logFile })
  await expect(taken).rejects.toThrow(/NATS ended with code 1; .*address already in use/s)
})

test('a configuration that it refuses is an error with its words', async () => {
  const wrong = join(folder, 'wrong.json')
  writeFileSync(wrong, '{"jetstreams": {}}')
  await expect(startNats({ configPath: wrong, port: 0, logFile })).rejects.toThrow(
    /NATS ended with code 1; .*jetstreams/s,
  )
})

test('it answers when it says so, and nobody else is taken for it', async () => {
  expect(await natsAnswers(server.url)).toBe(true)
  const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  expect(await natsAnswers(`nats://127.0.0.1:${(other.address() as { port: number }).port}`)).toBe(false)
  other.close()
})

test('it ends when the process that started it is killed', async () => {
  const script = `
    const { startNats } = await import('${import.meta.dirname}/../infra/nats.ts')
    const { port } = await startNats({ configPath: '${configPath}', port: 0, logFile: '${logFile}' })
    console.log(port)
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(owner.stdout, 'data')
  owner.kill('SIGKILL')
  await until('NATS to end', () => refuses(Number(port)))
})

async function refuses(port: number): Promise<boolean> {
  const socket = connectTcp(port, '127.0.0.1')
  const refused = await once(socket, 'connect').then(
    () => false,
    () => true,
  )
  socket.destroy()
  return refused
}
