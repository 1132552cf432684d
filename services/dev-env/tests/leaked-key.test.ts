import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { until } from '#chassis/testing/until.ts'
import type { Deps } from '../../user/context.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork
let person: SignedIn

beforeAll(async () => {
  network = await startTestNetwork({ env: { PF_JWKS_CACHE_SECONDS: '4' } })
  person = await network.signUp()
})
afterAll(() => network.stop())

const ending = new AbortController()

/** Signs in and writes with the new token, again and again: which key signed, and what both answered. */
async function workOn(answers: { kid: string; status: number }[]) {
  while (!ending.signal.aborted) {
    const login = { login: person.username, password: person.password }
    const { body } = await network.rest('POST /v1/auth/login', { body: login })
    const token: string = body.tokens.accessToken
    const prompt = { title: 'Written on', content: 'Text' }
    const { status } = await network.rest('POST /v1/prompts', { token, body: prompt })
    answers.push({ kid: decodeProtectedHeader(token).kid!, status })
  }
}

test('the key that signs can be retired at any time: who signs in and writes meanwhile notices nothing', async () => {
  const answers: { kid: string; status: number }[] = []
  const working = workOn(answers)
  await until('some answers', () => answers.length > 10)
  const leaked = answers[0]!.kid
  const { pool } = (network.services['user']!.context as Deps).database
  await pool.query('update signing_keys set retired_at = now() where kid = $1', [leaked])
  await until('many answers by the next key', () => answers.filter(({ kid }) => kid !== leaked).length > 50)
  ending.abort()
  await working
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
})
