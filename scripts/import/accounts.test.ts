import { expect, test } from '@jest/globals'
import { accountOf } from './accounts.ts'

const SECRET = 's'.repeat(43)
const usernameOf = (contributor: string) => accountOf(contributor, SECRET).usernames[0]!

test.each([
  ['Lena.Smith@example.com', 'lena-smith'],
  ['snake_case', 'snake_case'],
  ['Jürgen Müßig', 'juergen-muessig'],
  ['Лена', 'lena'],
  ['ann@example.com, bob@example.com', 'ann'],
  ['ｗｉｄｅ＠example.com', 'wide'],
  ['﹫example.com', 'contributor'],
  ['@handle', 'contributor'],
  ['李雷', 'contributor'],
  ['', 'contributor'],
  [`${'x'.repeat(40)} ${'y'.repeat(3000)}`, 'x'.repeat(40)],
])('of %j the username shows %j', (contributor, slug) => {
  expect(usernameOf(contributor)).toMatch(new RegExp(`^${slug}-[0-9a-f]{4}$`))
})

test('an account is what the API takes, whatever the contributor', () => {
  for (const contributor of ['', '\0', '@', '-@x', '_', '😀'.repeat(200), 'ß'.repeat(500), '\uD800', 'a'.repeat(1e6)]) {
    const { usernames, email, password } = accountOf(contributor, SECRET)
    for (const username of usernames) expect(username).toMatch(/^[a-z0-9_-]{3,50}$/)
    expect(email).toMatch(/^[0-9a-f]{40}@import\.example$/)
    expect(password).toMatch(/^[\w-]{43}$/)
  }
})

test('contributors who differ in anything have different accounts, the same each time', () => {
  const contributors = ['kim', 'Kim', 'KIM', 'kim ', 'kim@example.com', 'kim@example.org']
  for (const property of ['email', 'password'] as const) {
    expect(new Set(contributors.map((one) => accountOf(one, SECRET)[property])).size).toBe(contributors.length)
  }
  expect(accountOf('kim', SECRET)).toEqual(accountOf('kim', SECRET))
})

test('what a username shows of the hash cannot be had without the secret, nor the password', () => {
  const [own, other] = [accountOf('kim', SECRET), accountOf('kim', 'another')]
  expect(own.usernames[0]).not.toBe(other.usernames[0])
  expect(own.password).not.toBe(other.password)
  expect(own.email).toBe(other.email)
})
