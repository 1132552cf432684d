import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { type Gateway, startGateway } from '../../../services/dev-env/gateway.ts'
import { stat } from '../../../services/dev-env/tests/gateway-stats.ts'
import { startTestNetwork, type TestNetwork } from '../../../services/dev-env/tests/harness.ts'
import { type Api, openApi } from '../api.ts'
import { openAuthors } from '../authors.ts'
import { importRows } from '../import-rows.ts'
import { startReport } from '../report.ts'
import { openRows } from '../rows.ts'
import { goodRows } from './collection.ts'
import { type Desk, listAll, openDesk } from './harness.ts'

let network: TestNetwork
let desk: Desk
let restarted: Gateway | undefined

/** One sign-up a second, and six at once: a tenth of what is usual. */
const SLOW = { port: 0, adminPort: 0, rateLimitFactor: 0.1, corsOrigins: [] }

beforeAll(async () => {
  network = await startTestNetwork({ gateway: SLOW })
  desk = openDesk(network.gateway.url)
})
afterAll(async () => {
  desk.clear()
  await restarted?.stop()
  await network.stop()
})

const listedOf = async (slug: string) =>
  (await listAll(network)).filter(({ username }) => username.startsWith(`${slug}-`))

/** How many requests the gateway has refused for their number. */
const limited = () => stat(network, '.*address_limit.*rate_limited')

test('a gateway that lets one contributor a second in is waited for, and no oftener asked than it says', async () => {
  const begun = performance.now()
  const { exitCode, stdout } = await desk.import(desk.write('slow.csv', goodRows('', 14)))
  const seconds = (performance.now() - begun) / 1000
  expect(stdout).toMatch(/ 14 added\n +0 present already\n +0 refused$/)
  expect(exitCode).toBe(0)
  expect(await limited()).toBeGreaterThan(0)
  expect(await limited()).toBeLessThan(8 * seconds)
})

/** The real API, on which the first token has expired; and how many sign-ins it has seen. */
function aged(api: Api): { api: Api; signIns(): number } {
  let first = ''
  let signIns = 0
  return {
    signIns: () => signIns,
    api: {
      ...api,
      register: async (account) => (first = await api.register(account)),
      login: (login, password) => {
        signIns++
        return api.login(login, password)
      },
      createPrompt: (token, key, prompt) => api.createPrompt(token === first ? 'expired' : token, key, prompt),
    },
  }
}

test('rows whose token the server no longer takes are added with a new one, which is asked for once', async () => {
  const ending = new AbortController()
  const { api, signIns } = aged(openApi(network.gateway.url, ending.signal, () => undefined))
  const rows = goodRows('', 20).map((row) => ({ ...row, contributor: 'kim' }))
  const report = startReport()
  const findAuthor = openAuthors(api, 's'.repeat(43))
  const collection = await openRows(desk.write('rows.csv', rows), { skipBroken: false })
  await importRows(collection, { api, findAuthor, update: false, report, onDone() {}, ending })
  expect(report.counts()).toMatchObject({ added: 20, present: 0, refused: 0, underWay: 0 })
  expect(await listedOf('kim')).toHaveLength(20)
  expect(signIns()).toBe(1)
})

test('a gateway that goes away and comes back is waited for, and no row is lost or there twice', async () => {
  const rows = goodRows('', 160).map((row) => ({ ...row, contributor: 'patient' }))
  let hasEnded = false
  const running = desk.import(desk.write('away.csv', rows))
  void running.then(() => (hasEnded = true))
  await until('rows to arrive', async () => (await listedOf('patient')).length > 5)
  await network.gateway.stop()
  expect(hasEnded).toBe(false)
  restarted = await startGateway({ ...SLOW, port: network.gateway.port }, network.place)
  expect((await running).stdout).toMatch(/ 160 added\n +0 present already\n +0 refused$/)
  expect(new Set((await listedOf('patient')).map(({ title }) => title)).size).toBe(160)
  expect(await listedOf('patient')).toHaveLength(160)
})
