import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { readStatus } from '#chassis/grpc/status.ts'
import { until } from '#chassis/testing/until.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { placesOf } from '../infra/places.ts'
import { type Postgres, type Restart, startPostgres } from '../infra/postgres.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { startLoad } from './load.ts'

const home = placesOf().postgres
const folder = join(home, `test-fault-postgres-${process.pid}`)
let postgres: Postgres
let network: TestNetwork
let ann: SignedIn

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  postgres = await startPostgres({ dataDir: join(folder, 'postgres'), home, port: 0 })
  network = await startTestNetwork({ adminUrl: postgres.adminUrl })
  ann = await network.signUp()
})
afterAll(async () => {
  await network.stop()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.each<Restart>(['fast', 'kill'])(
  'a restart of PostgreSQL (%s) fails calls with UNAVAILABLE, loses nothing that was answered, and needs no restart of ours',
  async (how) => {
    const prompts = network.stub('prompt', PromptServiceService)
    const created: string[] = []
    const load = startLoad(async () => {
      const request = { title: 'kept', content: 'x', description: '', category: '', tags: [], variables: [], model: '' }
      const { prompt } = await prompts.createPrompt(request, { token: ann.token })
      created.push(prompt!.id)
    })
    await until('calls to succeed', () => load.count() > 50)
    await postgres.restart(how)
    const atRestart = load.count()
    await until('calls to succeed again', () => load.count() > atRestart + 50)
    const { failures } = await load.stop()

    expect(failures.length).toBeGreaterThan(0)
    expect([...new Set(failures.map((error) => readStatus(error as never).code))]).toEqual([status.UNAVAILABLE])
    for (let i = 0; i < created.length; i += 100) {
      const promptIds = created.slice(i, i + 100)
      const { prompts: found } = await prompts.batchGetPrompts({ promptIds }, { token: ann.token })
      expect(found).toHaveLength(promptIds.length)
    }
  },
)
