import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { unavailable } from '#chassis/errors.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { SuiteRun_Verdict as Verdict } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { CheckGateResponse } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import { ListLabelChangesRequest, SetLabelRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import type { Deps } from '../context.ts'
import { AUTHOR, startVersionService, type VersionTest } from './harness.ts'

let service: VersionTest
let owner: VersionTest['owner']
let other: { token: string }
/** What the test service says, of which it was asked in vain so often. */
let says: Partial<CheckGateResponse> | undefined
let asked: string[]

const tests: Deps['remote']['tests'] = {
  checkGate: async ({ contentHash }) => {
    asked.push(contentHash)
    if (!says) throw unavailable('the test service')
    return CheckGateResponse.fromPartial({ suiteExists: true, ...says })
  },
}

beforeAll(async () => {
  service = await startVersionService({ context: { remote: { tests } as Deps['remote'] } })
  owner = service.owner
  other = { token: await service.identity.tokenFor({ userId: v7(), username: 'ben' }) }
})
beforeEach(() => {
  asked = []
  says = { isOpen: false }
})
afterAll(() => service.stop())

const SUITE = v7()
const RUN = v7()

async function gated() {
  const promptId = await service.store([1, 2])
  await service.labels.setLabelGate({ promptId, label: 'production', suiteId: SUITE }, owner)
  asked = []
  return promptId
}
const set = (promptId: string, version: number, more: Partial<SetLabelRequest> = {}) =>
  service.labels.setLabel(SetLabelRequest.fromPartial({ promptId, label: 'production', version, ...more }), owner)
const changes = async (promptId: string, as: { token?: string } = owner) => {
  const request = ListLabelChangesRequest.fromPartial({ promptId, label: 'production' })
  return (await service.labels.listLabelChanges(request, as)).changes
}

const CLOSED = { code: status.FAILED_PRECONDITION, reason: 'LABEL_GATE_CLOSED', metadata: { suite_id: SUITE } }
const NOT_FOUND = { code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' }

describe('a label with a gate', () => {
  test('moves to a version that has passed, and its history says by which run', async () => {
    const promptId = await gated()
    says = { isOpen: true, runId: RUN }
    expect((await set(promptId, 2)).label).toMatchObject({ version: 2, seq: 1 })
    const [stored] = await service.documents.find({ version: 2 }).sort({ _id: -1 }).limit(1).toArray()
    expect(asked).toEqual([stored!.contentHash])
    expect(await changes(promptId)).toMatchObject([{ to: 2, gateRunId: RUN, overrideReason: '' }])
    expect(await changes(promptId, {})).toMatchObject([{ to: 2, gateRunId: '', overrideReason: '' }])
  })

  test.each<[string, Partial<CheckGateResponse>, string]>([
    ['has not been run', {}, 'run it'],
    ['failed', { verdict: Verdict.FAIL, runId: RUN }, 'failed its suite'],
    ['was inconclusive', { verdict: Verdict.INCONCLUSIVE, runId: RUN }, 'inconclusive'],
    ['passed too long ago', { verdict: Verdict.PASS, runId: RUN }, '30 days'],
    ['lost its suite', { suiteExists: false }, 'deleted'],
  ])('stays where it is when the version %s', async (_, response, why) => {
    const promptId = await gated()
    says = { isOpen: false, ...response }
    const error = await rejection(set(promptId, 1))
    expect(error).toMatchObject(CLOSED)
    expect(error.message).toContain(why)
    expect(await changes(promptId)).toEqual([])
  })

  test('stays where it is when the gate cannot be asked', async () => {
    const promptId = await gated()
    says = undefined
    expect(await rejection(set(promptId, 1))).toMatchObject({ code: status.UNAVAILABLE })
    expect(await changes(promptId)).toEqual([])
  })

  test('is moved by its owner all the same, with a reason that is kept and that nobody else sees', async () => {
    const promptId = await gated()
    await set(promptId, 1, { overrideReason: 'The provider is down' })
    expect(asked).toEqual([])
    expect(await changes(promptId)).toMatchObject([{ to: 1, gateRunId: '', overrideReason: 'The provider is down' }])
    expect(await changes(promptId, other)).toMatchObject([{ to: 1, overrideReason: '' }])
  })

  test.each(['', 'x'.repeat(501)])(
    'is not overridden by a reason of no or too many characters',
    async (overrideReason) => {
      const promptId = await gated()
      expect(await rejection(set(promptId, 1, { overrideReason }))).toMatchObject({ code: status.INVALID_ARGUMENT })
      expect(await changes(promptId)).toEqual([])
    },
  )

  test('that is there already needs no pass, nor does one to be removed', async () => {
    const promptId = await gated()
    says = { isOpen: true, runId: RUN }
    await set(promptId, 1)
    says = { isOpen: false }
    expect((await set(promptId, 1)).label).toMatchObject({ version: 1, seq: 1 })
    await service.labels.removeLabel({ promptId, label: 'production', expectedSeq: undefined }, owner)
    expect(await rejection(set(promptId, 1))).toMatchObject(CLOSED)
  })
})

describe('a gate', () => {
  const of = (promptId: string, as = owner) => service.labels.getLabelGate({ promptId, label: 'production' }, as)
  const remove = (promptId: string, as = owner) => service.labels.removeLabelGate({ promptId, label: 'production' }, as)

  test('is set, read, replaced and removed', async () => {
    const promptId = await gated()
    expect((await of(promptId)).gate).toMatchObject({ label: 'production', suiteId: SUITE, userId: AUTHOR.userId })
    const another = v7()
    await service.labels.setLabelGate({ promptId, label: 'production', suiteId: another }, owner)
    expect((await of(promptId)).gate).toMatchObject({ suiteId: another })
    await remove(promptId)
    expect(await rejection(of(promptId))).toMatchObject(NOT_FOUND)
    expect(await rejection(remove(promptId))).toMatchObject(NOT_FOUND)
    expect((await set(promptId, 1)).label).toMatchObject({ version: 1 })
  })

  test('is of one label of one prompt', async () => {
    const [promptId, free] = [await gated(), await service.store([1])]
    expect((await set(free, 1)).label).toMatchObject({ version: 1 })
    const staging = SetLabelRequest.fromPartial({ promptId, label: 'staging', version: 1 })
    expect((await service.labels.setLabel(staging, owner)).label).toMatchObject({ version: 1 })
  })

  test('needs a suite of the owner’s for this prompt', async () => {
    const promptId = await service.store([1])
    says = { suiteExists: false }
    const asking = service.labels.setLabelGate({ promptId, label: 'production', suiteId: SUITE }, owner)
    expect(await rejection(asking)).toMatchObject(NOT_FOUND)
    expect(await rejection(of(promptId))).toMatchObject(NOT_FOUND)
  })

  test('is the owner’s alone', async () => {
    const promptId = await gated()
    for (const ask of [
      () => of(promptId, other),
      () => remove(promptId, other),
      () => service.labels.setLabelGate({ promptId, label: 'production', suiteId: SUITE }, other),
    ])
      expect(await rejection(ask())).toMatchObject(NOT_FOUND)
    expect(await of(promptId)).toMatchObject({ gate: { suiteId: SUITE } })
  })
})
