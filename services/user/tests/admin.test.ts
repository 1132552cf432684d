import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { testMesh } from '#chassis/testing/service.ts'
import { User_Role } from '#contracts/gen/promptforge/user/v1/user.ts'
import { commands } from '../commands.ts'
import { startUserService, TEST_ENV, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const admin = (...args: string[]) => commands(service.service.context).admin(args)
const stored = async (username: string) =>
  (await service.database.query('select role, revision from users where username = $1', [username]))[0]

/** The command as an operator runs it. */
async function run(...args: string[]) {
  const env = {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    PF_CERTIFICATES: testMesh('user').certificates,
    PF_NATS_URL: 'nats://127.0.0.1:1',
    PF_PAGE_TOKEN_SECRET: 'a secret for page tokens of tests',
    ...TEST_ENV,
    ...service.database.env,
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), 'admin', ...args], { env })
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, output: output + errors }
}

describe('the command `admin`', () => {
  test('makes the user with an e-mail address an administrator, whatever its case, and says who', async () => {
    const ann = await service.person('ann')
    const said = await admin('Ann@Example.ORG')
    expect(said).toEqual({ userId: ann.id, username: 'ann', role: 'ADMIN' })
    expect(await stored('ann')).toEqual({ role: 'ADMIN', revision: 2 })
    const ben = await service.person('ben')
    const { user } = await service.users.setUserRole({ userId: ben.id, role: User_Role.MODERATOR }, ann.as)
    expect(user).toMatchObject({ role: User_Role.MODERATOR })
  })

  test('changes nothing for who is one', async () => {
    const cid = await service.person('cid')
    await admin('cid@example.org')
    expect(await admin('cid@example.org')).toMatchObject({ userId: cid.id })
    expect(await stored('cid')).toEqual({ role: 'ADMIN', revision: 2 })
  })

  test('refuses an address that no account in use has, and none at all', async () => {
    const gone = await service.person('gone')
    await service.set(gone.id, { status: 'DEACTIVATED' })
    const refusal = 'no account in use has this e-mail address: register it, then run this again'
    for (const email of ['nobody@example.org', 'gone@example.org', '%', 'ann'])
      await expect(admin(email)).rejects.toThrow(refusal)
    await expect(admin()).rejects.toThrow('admin needs the e-mail address of an account')
    expect(await stored('gone')).toMatchObject({ role: 'USER' })
  })

  test('of a process ends with 0 and the user, or with 1 and what to do, and never logs the address', async () => {
    const dan = await service.person('dan', { email: 'dan@secret.example' })
    const done = await run('dan@secret.example')
    expect(done).toMatchObject({ code: 0, output: expect.stringContaining(dan.id) })
    expect(await stored('dan')).toMatchObject({ role: 'ADMIN' })
    const refused = await run('nobody@secret.example')
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('register it, then run this again') })
    for (const { output } of [done, refused]) expect(output).not.toContain('secret.example')
  })
})
