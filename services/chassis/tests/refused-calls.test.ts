import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { serve } from '../grpc/server.ts'
import { readStatus } from '../grpc/status.ts'
import { testMesh, type TestService } from '../testing/service.ts'
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
  session = connectTo(bare.target)
})
afterAll(async () => {
  session.destroy()
  await bare.stop()
})
beforeEach(() => {
  calls = 0
})

/** A plain HTTP/2 client: a gRPC client does not send what is refused here. */
function connectTo(target: string): ClientHttp2Session {
  const { certificates } = testMesh('client')
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(certificates, name)))
  return connect(`https://${target}`, { ca, cert, key, checkServerIdentity: () => undefined })
}

/** Calls BatchGetUsers with a message as it is on the wire. */
function post(message: Buffer, headers: OutgoingHttpHeaders) {
  const isCompressed = (headers['grpc-encoding'] ?? 'identity') !== 'identity'
  const prefix = Buffer.from([isCompressed ? 1 : 0, 0, 0, 0, 0])
  prefix.writeUInt32BE(message.length, 1)
  const stream = session.request({
    ':method': 'POST',
    ':path': Users.batchGetUsers.path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof readStatus>>()
  const read = (sent: Record<string, unknown>) => {
    if (sent['grpc-status'] === undefined) return
    const metadata = Metadata.fromHttp2Headers(sent as never)
    const details = decodeURIComponent(String(sent['grpc-message']))
    resolve(readStatus({ code: Number(sent['grpc-status']), details, metadata } as ServiceError))
  }
  stream
    .on('response', read)
    .on('trailers', read)
    .on('error', reject)
    .on('close', () => reject(new Error('no answer')))
  stream.resume().end(Buffer.concat([prefix, message]))
  return promise
}

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
