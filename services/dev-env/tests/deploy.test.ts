import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { check } from '../../deploy/check.ts'
import { recountInUse } from '../../deploy/recount/finding.ts'
import { recount } from '../../deploy/recount/recount.ts'
import { openStores } from '../../deploy/recount/stores.ts'
import { MESH } from '../infra/authority.ts'
import { SERVICES } from '../../services.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'
import { buy, offer } from './market.ts'

// What `helm test` and operators run against a release, here against the services themselves.

jest.setTimeout(400_000)

const MAIN = join(import.meta.dirname, '../../deploy/main.ts')

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.stop())

/** Runs a command of the deploy step as a job does, and answers with what it wrote and how it ended. */
async function deploy(args: string[], env: Record<string, string>) {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const running = spawn(process.execPath, [MAIN, ...args], { env: { PATH, NODE_COMPILE_CACHE, ...env } })
  const [said, problems, [code]] = await Promise.all([
    text(running.stdout),
    text(running.stderr),
    once(running, 'exit') as Promise<[number | null]>,
  ])
  return { code, lines: said.trim().split('\n'), problems: problems.trim() }
}

const targets = () =>
  Object.fromEntries(
    Object.entries(network.services).map(([name, { ports }]) => [
      `PF_${name.toUpperCase()}_SERVICE`,
      `dns:///localhost:${ports.grpc}`,
    ]),
  )

const checkEnv = (member = 'deploy') => ({
  PF_GATEWAY_URL: network.gateway.url,
  PF_CERTIFICATES: join(network.certificates, member, 'current'),
  PF_TRUST_DOMAIN: MESH.trustDomain,
  PF_NAMESPACE: MESH.namespace,
  ...targets(),
})

const urls = () =>
  Object.fromEntries(Object.entries(network.services).map(([name, { databaseUrl }]) => [name, databaseUrl]))

test('the three checks of a release find a REST answer, each service ready under its own name, and an event that is counted', async () => {
  const rest = await deploy(['check', 'rest'], checkEnv())
  expect(rest).toEqual({
    code: 0,
    lines: [`the gateway at ${network.gateway.url} answers a REST call: no prompts yet`],
    problems: '',
  })
  const health = await deploy(['check', 'health'], checkEnv())
  const expected = SERVICES.map(
    ({ name }) => `${name} at ${targets()[`PF_${name.toUpperCase()}_SERVICE`]} answers SERVING over mutual TLS`,
  )
  expect(health).toEqual({ code: 0, lines: expected, problems: '' })
  const event = await deploy(['check', 'event'], checkEnv())
  expect(event).toEqual({
    code: 0,
    lines: [expect.stringMatching(/^an event was published and counted \d+ ms after the call$/)],
    problems: '',
  })
  const [account] = await onDatabase<object>(
    network.services['user']!.databaseUrl,
    `select status from users where username like 'check-%'`,
  )
  expect(account).toEqual({ status: 'DEACTIVATED' })
})

test('a check says in one line what is not as it must be', async () => {
  const unknown = await deploy(['check', 'all'], checkEnv())
  expect(unknown).toMatchObject({ code: 1, problems: 'unknown check all: use one of rest, health, event' })
  const lacking = await deploy(['check', 'rest'], { ...checkEnv(), PF_CERTIFICATES: '' })
  expect(lacking).toMatchObject({ code: 1, problems: expect.stringMatching(/^PF_CERTIFICATES .*must be set/) })
})

test('a service that answers under the name of another one is not taken for it', async () => {
  const { mesh } = network.place
  const one = { gatewayUrl: '', mesh: { ...mesh, certificates: checkEnv().PF_CERTIFICATES } }
  const services = { prompt: targets()['PF_USER_SERVICE']! }
  await expect(check('health', { ...one, services }, 0)).rejects.toThrow(/^prompt at dns:.*: /)
})

test('a recount of stores in use finds all in agreement, and names each thing that is wrong, in lines', async () => {
  const [ann, ben] = [await network.signUp(), await network.signUp()]
  const { listingId, promptId } = await offer(network, ann)
  await buy(network, ben, listingId)
  await network.rest(`POST /v1/users/${ann.id}:follow`, { token: ben.token })
  await network.rest(`POST /v1/prompts/${promptId}:like`, { token: ben.token })
  await network.processAll()
  const env = Object.fromEntries(Object.entries(urls()).map(([name, url]) => [`PF_${name.toUpperCase()}_STORE`, url]))
  const PF_MONGO_DATABASE = network.services['version']!.env['PF_MONGO_DATABASE']!
  const { code, lines, problems } = await deploy(['recount'], { ...env, PF_MONGO_DATABASE })
  expect({ code, problems, wrong: lines.filter((line) => !/^✓ .* \(\d+\)$/.test(line)) }).toEqual({
    code: 0,
    problems: '',
    wrong: [],
  })
  expect(lines.length).toBeGreaterThan(10)

  await onDatabase(urls()['prompt']!, 'update prompts set likes_count = 7 where id = $1', promptId)
  await onDatabase(urls()['prompt']!, `update entitlements set active = not active`)
  await onDatabase(urls()['prompt']!, `delete from follows`)
  await onDatabase(urls()['analytics']!, 'update prompt_facts set revision = 9 where prompt_id = $1', promptId)
  await using stores = openStores(urls())
  const findings = await recountInUse(() => recount(stores), { rounds: 2, pauseMs: 10 })
  const wrong = findings.filter((one) => one.wrong.length > 0).map((one) => [one.what, one.wrong[0]])
  expect(wrong).toEqual([
    ['analytics knows every prompt as it is', `prompt ${promptId} is at revision 1, and known to analytics at 9`],
    ['prompt knows who follows whom', `${ben.id} ${ann.id} is known to user only`],
    [
      'prompts count their likes, ratings, comments and forks',
      expect.stringMatching(`^${promptId} says 7, 0, 0, 0, 0, and it is [01], 0, 0, 0, 0$`),
    ],
    ['the prompt service knows what each licence unlocks', expect.stringMatching(/^licence .* t, and there .* f$/)],
    ['rollups, totals and facts are what counting the events gives', expect.stringContaining('prompt_facts')],
  ])
})

test('a recount changes nothing, also by mistake', async () => {
  await using stores = openStores(urls())
  await expect(stores.query('user', `update users set username = 'x'`)).rejects.toThrow('read-only transaction')
})

test('what is under way is counted again, and only what stays wrong is told', async () => {
  const counts = [['a is late', 'b is wrong'], ['b is wrong', 'c is late'], ['b is wrong']]
  const count = async () => [{ what: 'all', compared: 3, wrong: counts.shift() ?? [] }]
  const findings = await recountInUse(count, { rounds: 3, pauseMs: 0 })
  expect(findings).toEqual([{ what: 'all', compared: 3, wrong: ['b is wrong'] }])
})
