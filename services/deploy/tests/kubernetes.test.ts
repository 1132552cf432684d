import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { freePort } from '../../dev-env/infra/ports.ts'
import { openKubernetes } from '../kubernetes.ts'
import { makeSecrets } from '../secrets.ts'
import { type Api, failure, NAMESPACE, startApi } from './api.ts'

const MAIN = join(import.meta.dirname, '../main.ts')

let api: Api

beforeEach(async () => {
  api = await startApi()
})

afterEach(() => api.stop())

type Failure = { code: number; stdout: string; stderr: string }

const run = (args: string[], env = api.env) => promisify(execFile)(process.execPath, [MAIN, ...args], { env })

test('the program says what it did in plain lines, without a secret', async () => {
  const { stdout, stderr } = await run(['secrets'])
  expect(stdout).toMatch(/^promptforge-secrets: made page-tokens, .*\n$/)
  expect(stderr).toBe('')
  for (const value of Object.values(api.secrets.get('promptforge-secrets')!.data!)) {
    expect(stdout).not.toContain(Buffer.from(value, 'base64').toString())
  }
})

test('what keeps the program from its work is one line and exit code 1', async () => {
  api.intercept = () => failure(403, 'secrets is forbidden: User "system:serviceaccount:shop:x" cannot get resource')
  const failed = await run(['secrets']).catch((error: Failure) => error)
  expect(failed).toMatchObject({
    code: 1,
    stdout: '',
    stderr:
      'the service account may not get the Secret promptforge-secrets of the namespace shop: give its Role that verb (secrets is forbidden: User "system:serviceaccount:shop:x" cannot get resource)\n',
  })
  expect(await run(['nothing']).catch((error: Failure) => error)).toMatchObject({
    code: 1,
    stderr: 'unknown command nothing: use one of secrets, certificates, check, recount, require, databases\n',
  })
  const nowhere = { ...api.env, PF_SERVICE_ACCOUNT: '/nowhere' }
  expect(await run(['secrets'], nowhere).catch((error: Failure) => error)).toMatchObject({
    code: 1,
    stderr: '/nowhere/ca.crt cannot be read (ENOENT): run this in a pod that mounts the token of its service account\n',
  })
})

test('an API that is down is waited for, and said so once', async () => {
  let failures = 2
  api.intercept = () => (failures-- > 0 ? failure(503, 'starting') : undefined)
  await makeSecrets(api.open({ waitMs: 60_000 }))
  expect(api.secrets.size).toBe(1)
  expect(api.said).toEqual([
    expect.stringMatching(
      /^the Kubernetes API at 127.0.0.1:\d+ does not answer \(it answers 503\): .* Waiting for it, up to 60 s$/,
    ),
  ])
})

test('an API that nobody reaches, a token that it does not know and what is not the API are told apart', async () => {
  await expect(makeSecrets(api.open({ port: await freePort() }))).rejects.toThrow(
    /^the Kubernetes API at .* does not answer \(\w+\): look whether a NetworkPolicy lets this pod reach it$/,
  )
  const account = mkdtempSync(join(tmpdir(), 'account-'))
  const other = await startApi()
  try {
    writeFileSync(join(account, 'ca.crt'), readFileSync(join(api.env['PF_SERVICE_ACCOUNT']!, 'ca.crt')))
    writeFileSync(join(account, 'token'), 'of somebody else')
    const options = { host: '127.0.0.1', account, namespace: NAMESPACE, say: () => undefined, waitMs: 0 }
    const stranger = openKubernetes({ ...options, port: Number(api.env['KUBERNETES_SERVICE_PORT']) })
    await expect(stranger.get('any')).rejects.toThrow(
      /does not accept the token in .*: mount that of a service account$/,
    )
    await stranger.close()
    const impostor = openKubernetes({ ...options, port: Number(other.env['KUBERNETES_SERVICE_PORT']) })
    await expect(impostor.get('any')).rejects.toThrow(
      /is not the Kubernetes API that the service account knows \(\w+\): correct the address$/,
    )
    expect(other.requests).toEqual([])
    await impostor.close()
  } finally {
    await other.stop()
    rmSync(account, { recursive: true })
  }
})
