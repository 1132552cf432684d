import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { serve } from '../grpc/server.ts'
import { connectRaw, postRaw } from '../testing/raw-call.ts'
import type { TestService } from '../testing/service.ts'
import { startBare, Users } from './harness.ts'

const MIB = 1024 ** 2
const ID = '01890000-0000-7000-8000-000000000001'

let bare: TestService<object>
let session: ClientHttp2Session
let calls = 0

beforeAll(async () => {
  const users = serve(Users, {
    getUser: async () => ({}),
    batchGetUsers: async () => {
      calls++
      return { users: [] }
    },
    updateUser: async () => ({}),
  })
  bare = await startBare([users])
  // The server takes connections when it has read its certificates, which a gRPC client waits for.
  await bare.stub(Users).getUser({ userId: ID })
  session = connectRaw(bare.target)
})
afterAll(async () => {
  session.destroy()
  await bare.stop()
})
beforeEach(() => {
  calls = 0
})

const post = (message: Buffer, headers: OutgoingHttpHeaders) =>
  postRaw(session, Users.batchGetUsers.path, message, headers)

const COMPRESSED = {
  code: status.INVALID_ARGUMENT,
  reason: 'REQUEST_REJECTED',
  message: 'compressed requests are not accepted: send it again without grpc-encoding',
}

test('300 compressed requests of 4 KB, which would be 1.2 GB, are refused without being decompressed', async () => {
  const bomb = gzipSync(Buffer.alloc(4 * MIB))
  expect(bomb.length).toBeLessThan(5000)
  const before = process.memoryUsage().arrayBuffers
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers)
  }, 1)
  const answers = await Promise.all(Array.from({ length: 300 }, () => post(bomb, { 'grpc-encoding': 'gzip' }))).finally(
    () => clearInterval(watch),
  )
  expect(most - before).toBeLessThan(32 * MIB)
  for (const answer of answers) expect(answer).toMatchObject(COMPRESSED)
  expect(calls).toBe(0)
})

test.each(['gzip', 'deflate', 'br'])('what claims to be %s and is not is the caller’s mistake', async (encoding) => {
  const headers = { 'grpc-encoding': encoding, 'x-request-id': 'corrupt-7' }
  const answer = await post(Buffer.from('not compressed'), headers)
  expect(answer).toMatchObject({ ...COMPRESSED, metadata: { request_id: 'corrupt-7' } })
  expect(calls).toBe(0)
})

test('a request that says that it is not compressed is taken', async () => {
  const wire = Users.batchGetUsers.requestSerialize({ userIds: [ID] })
  expect(await post(wire, { 'grpc-encoding': 'identity' })).toMatchObject({ code: status.OK })
  expect(calls).toBe(1)
})

test.each(['soon', '5', '5X'])('the deadline %j is the caller’s mistake', async (timeout) => {
  const answer = await post(Buffer.alloc(0), { 'grpc-timeout': timeout })
  expect(answer).toMatchObject({
    code: status.INVALID_ARGUMENT,
    reason: 'REQUEST_REJECTED',
    message: 'grpc-timeout is not a number of at most 8 digits with a unit, one of H, M, S, m, u, n',
  })
  expect(calls).toBe(0)
})
