import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { unavailable } from '#chassis/errors.ts'
import { readMetric } from '#chassis/testing/metric.ts'
import { until } from '#chassis/testing/until.ts'
import { CheckGateResponse } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import type { Deps } from '../context.ts'
import { startVersionService, type VersionTest } from './harness.ts'

let service: VersionTest
let isAway = false

beforeAll(async () => {
  const publish = async () => {
    if (isAway) throw unavailable('NATS')
  }
  const tests: Deps['remote']['tests'] = {
    checkGate: async () => CheckGateResponse.fromPartial({ suiteExists: true, isOpen: true }),
  }
  const context = { publish, remote: { tests } as Deps['remote'] }
  service = await startVersionService({ env: { PF_LOG_LEVEL: 'silent' }, context })
})
afterAll(() => service.stop())

const age = () => readMetric(service.metricsUrl, 'audits_oldest_seconds')

/** As if what waits in a collection had begun to wait so many seconds ago. */
const backdate = (collection: string, seconds: number) =>
  service.database.db
    .collection(collection)
    .updateMany({ auditsSince: { $exists: true } }, { $set: { auditsSince: new Date(Date.now() - seconds * 1000) } })

test('the metric says for how long the audit log has lacked an entry of a label or a gate, and 0 when it lacks none', async () => {
  expect(await age()).toBe(0)
  const promptId = await service.store([1, 2])
  isAway = true
  const label = { promptId, label: 'production' }
  const setGate = () => service.labels.setLabelGate({ ...label, suiteId: v7() }, service.owner)
  await service.labels.setLabel({ ...label, version: 1 }, service.owner)
  await setGate()
  await until('the entries to wait', async () => (await age()) > 0)
  await backdate('label_changes', 100)
  expect(Math.floor((await age()) / 100)).toBe(1)
  await backdate('label_gates', 1000)
  // What waits in a document goes on waiting, whatever is changed there meanwhile.
  await setGate()
  await service.labels.removeLabelGate(label, service.owner)
  expect(Math.floor((await age()) / 100)).toBe(10)
  isAway = false
  await until('the entries to be published', async () => (await age()) === 0)
})
