import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { serve } from '../grpc/server.ts'
import { capturedLog } from '../testing/captured-log.ts'
import { connectRaw, postRaw } from '../testing/raw-call.ts'
import type { TestService } from '../testing/service.ts'
import { until } from '../testing/until.ts'
import { startBare, Users } from './harness.ts'

const ID = '01890000-0000-7000-8000-000000000001'
// Its last character may be in an HTTP header, and not in the metadata of gRPC.
const TOKEN = 'secret-token-é'

let bare: TestService<object>
const { log, records } = capturedLog()
const logged = () => JSON.stringify(records)
let printed = ''
const write = process.stderr.write.bind(process.stderr)

beforeAll(async () => {
  const users = serve(Users, {
    getUser: async () => ({}),
    batchGetUsers: async () => ({ users: [] }),
    updateUser: async () => ({}),
  })
  bare = await startBare([users], { overrides: { log } })
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
  records.splice(0)
  printed = ''
})

test('a token that grpc-js cannot read is in no log and not on stderr; the name of its header is logged', async () => {
  await bare.stub(Users).getUser({ userId: ID })
  const session = connectRaw(bare.target)
  await postRaw(session, Users.updateUser.path, Buffer.alloc(0), { authorization: `Bearer ${TOKEN}` })
  session.destroy()
  await until('a line in the log', () => (logged() + printed).includes('authorization'))
  expect(logged() + printed).not.toContain('secret')
  expect(records.find(({ msg }) => msg.includes('authorization'))).toMatchObject({
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
