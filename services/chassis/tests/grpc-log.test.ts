import { Writable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { serve } from '../grpc/server.ts'
import { createLogger } from '../logger.ts'
import { connectRaw, postRaw } from '../testing/raw-call.ts'
import type { TestService } from '../testing/service.ts'
import { until } from '../testing/until.ts'
import { startBare, Users } from './harness.ts'

const ID = '01890000-0000-7000-8000-000000000001'
// Its last character may be in an HTTP header, and not in the metadata of gRPC.
const TOKEN = 'secret-token-é'

let bare: TestService<object>
let logged = ''
let printed = ''
const write = process.stderr.write.bind(process.stderr)

beforeAll(async () => {
  const sink = new Writable({
    write: (chunk, _, done) => {
      logged += String(chunk)
      done()
    },
  })
  const users = serve(Users, {
    getUser: async () => ({}),
    batchGetUsers: async () => ({ users: [] }),
    updateUser: async () => ({}),
  })
  bare = await startBare([users], { overrides: { log: createLogger('prompt', 'info', sink) } })
  process.stderr.write = ((chunk: unknown) => {
    printed += String(chunk)
    return true
  }) as typeof process.stderr.write
  jest.spyOn(console, 'error').mockImplementation((...args: unknown[]) => void (printed += args.join(' ')))
})
afterAll(async () => {
  process.stderr.write = write
  jest.restoreAllMocks()
  await bare.stop()
})
beforeEach(() => {
  logged = ''
  printed = ''
})

test('a token that grpc-js cannot read is in no log and not on stderr; the name of its header is logged', async () => {
  await bare.stub(Users).getUser({ userId: ID })
  const session = connectRaw(bare.target)
  await postRaw(session, Users.updateUser.path, Buffer.alloc(0), { authorization: `Bearer ${TOKEN}` })
  session.destroy()
  await until('a line in the log', () => (logged + printed).includes('authorization'))
  expect(logged + printed).not.toContain('secret')
  const line = logged.split('\n').find((one) => one.includes('authorization'))
  expect(JSON.parse(line!)).toMatchObject({
    level: 'warn',
    msg: 'grpc-js: a caller sent the header authorization with characters that metadata must not have: it is ignored',
  })
})

test('a token with such a character is not sent to another service, and the error does not show it', async () => {
  const error = await bare
    .stub(Users)
    .getUser({ userId: ID }, { token: TOKEN })
    .then(
      () => new Error('the call succeeded'),
      (thrown: Error) => thrown,
    )
  expect(`${error.message} ${error.stack}`).not.toContain('secret')
  expect(error).toMatchObject({ reason: 'TOKEN_INVALID' })
})
