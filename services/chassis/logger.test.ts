import { Writable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { createLogger } from './logger.ts'

function logged(write: (log: ReturnType<typeof createLogger>) => void): string {
  let text = ''
  const sink = new Writable({
    write: (chunk, _, done) => {
      text += String(chunk)
      done()
    },
  })
  write(createLogger('test', 'info', sink))
  return text
}

test('the values of secret fields are replaced', () => {
  const text = logged((log) => {
    log.info(
      { password: 'hunter2', user: { email: 'ann@example.com', token: 'eyJ' }, accessToken: 'eyJ', id: 7 },
      'here',
    )
  })
  for (const secret of ['hunter2', 'ann@', 'eyJ']) expect(text).not.toContain(secret)
  expect(JSON.parse(text)).toMatchObject({ service: 'test', level: 'info', id: 7, msg: 'here' })
})

test('an error of the database is logged without the values that it carries', () => {
  const driver = Object.assign(new Error('duplicate key value violates unique constraint "users_email"'), {
    severity: 'ERROR',
    code: '23505',
    constraint: 'users_email',
    detail: 'Key (email)=(ann@example.com) already exists.',
  })
  const wrapped = new Error(`insert into "users" values ('hunter2') - ${driver.message}`, { cause: driver })
  const text = logged((log) => log.error({ err: wrapped }, 'failed'))
  for (const secret of ['hunter2', 'ann@']) expect(text).not.toContain(secret)
  expect(JSON.parse(text).err).toMatchObject({ code: '23505', constraint: 'users_email', message: driver.message })
})

test('an error is logged with its causes and where it happened', () => {
  const text = logged((log) => log.error({ err: new Error('outer', { cause: new TypeError('inner') }) }, 'failed'))
  const { err } = JSON.parse(text)
  expect(err).toMatchObject({ message: 'outer', cause: { type: 'TypeError', message: 'inner' } })
  expect(err.frames[0]).toContain('logger.test.ts')
})
