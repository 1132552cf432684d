import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import type { AuditedPath } from '#contracts/gen/audited.ts'
import { auditEntry_ActionToJSON } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { runCommand } from './command.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { buy, type Listed, offer, usd } from './market.ts'

// Every method of which the contract says that it writes into the audit log: a new one without a case does not compile.

let network: TestNetwork
let admin: SignedIn
/** Owner of a prompt and of the keys, and seller. */
let ann: SignedIn
/** Buyer. */
let ben: SignedIn
let leaver: SignedIn
let promptId: string
let suiteId: string
let listed: Listed
let bought: { transaction: { transactionId: string }; license: { licenseId: string } }
const made: Record<string, string> = {}

beforeAll(async () => {
  network = await startTestNetwork()
  ann = await network.signUp()
  ben = await network.signUp()
  leaver = await network.signUp()
  admin = await network.signUpAdmin()
  const prompt = { title: 'Greeting', content: 'Hello {{name}}' }
  promptId = (await ask(ann, 'POST /v1/prompts', prompt)).body.prompt.id
  await ask(ann, `PATCH /v1/prompts/${promptId}`, { content: 'Bye {{name}}' })
  const suite = {
    promptId,
    name: 'Greets',
    settings: { modelProvider: 'sandbox', modelName: 'echo' },
    cases: [{ name: 'Ann', values: { name: 'Ann' }, assertions: [{ startsWith: 'Hello' }] }],
  }
  suiteId = (await ask(ann, 'POST /v1/suites', suite)).body.suite.suiteId
  listed = await offer(network, ann)
  bought = (await buy(network, ben, listed.listingId)).body
  await onDatabase(
    network.services['marketplace']!.databaseUrl,
    'update seller_balances set available = 100000 where seller_id = $1',
    ann.id,
  )
})
afterAll(() => network.stop())

const USER_AGENT = 'audit-test/1.0'

const ask = (who: SignedIn, request: string, body?: object) =>
  network.rest(request, {
    token: who.token,
    body,
    headers: { 'user-agent': USER_AGENT, 'x-forwarded-for': '192.0.2.9' },
  })

/** A call that succeeds, and the same one when it is refused by its handler; by whom; and what else the entry says. */
type Case = {
  by: () => SignedIn
  fails: () => [request: string, body?: object]
  succeeds: () => [request: string, body?: object]
  says: () => object
}

const NONE = randomUUID()
const changed = (field: string, before: string, after: string) => ({ changes: [{ field, before, after }] })
const label = () => `/v1/prompts/${promptId}/labels/production`

// In this order: what one makes, another removes.
const CASES: Record<AuditedPath, Case> = {
  '/promptforge.user.v1.UserService/SetUserRole': {
    by: () => admin,
    fails: () => [`POST /v1/users/${NONE}:setRole`, { role: 'MODERATOR' }],
    succeeds: () => [`POST /v1/users/${ben.id}:setRole`, { role: 'MODERATOR' }],
    says: () => ({ subjectId: ben.id, target: { kind: 'USER', id: ben.id }, ...changed('role', 'USER', 'MODERATOR') }),
  },
  '/promptforge.auth.v1.AuthService/ChangePassword': {
    by: () => ann,
    fails: () => ['POST /v1/auth/password', passwords('not the present one')],
    succeeds: () => ['POST /v1/auth/password', passwords(ann.password)],
    says: () => ({ subjectId: ann.id, target: { kind: 'USER', id: ann.id }, changes: [] }),
  },
  '/promptforge.auth.v1.ApiKeyService/CreateApiKey': {
    by: () => ann,
    fails: () => ['POST /v1/api-keys', { name: '', scopes: ['PROMPTS_READ'] }],
    succeeds: () => ['POST /v1/api-keys', { name: 'My secret plan', scopes: ['PROMPTS_READ'] }],
    says: () => ({ subjectId: ann.id, target: { kind: 'API_KEY' }, ...changed('scopes', '', 'PROMPTS_READ') }),
  },
  '/promptforge.auth.v1.ApiKeyService/RevokeApiKey': {
    by: () => ann,
    fails: () => [`POST /v1/api-keys/${NONE}:revoke`],
    succeeds: () => [`POST /v1/api-keys/${made['apiKey']}:revoke`],
    says: () => ({ subjectId: ann.id, target: { kind: 'API_KEY', id: made['apiKey'] } }),
  },
  '/promptforge.test.v1.ProviderKeyService/CreateProviderKey': {
    by: () => ann,
    fails: () => ['POST /v1/provider-keys', { provider: 'nobody', name: 'Mine', key: 'sk-0123456789' }],
    succeeds: () => ['POST /v1/provider-keys', { provider: 'sandbox', name: 'Mine', key: 'sk-0123456789' }],
    says: () => ({ subjectId: ann.id, target: { kind: 'PROVIDER_KEY', name: 'sandbox' } }),
  },
  '/promptforge.test.v1.ProviderKeyService/RevokeProviderKey': {
    by: () => ann,
    fails: () => [`POST /v1/provider-keys/${NONE}:revoke`],
    succeeds: () => [`POST /v1/provider-keys/${made['providerKey']}:revoke`],
    says: () => ({ subjectId: ann.id, target: { kind: 'PROVIDER_KEY', id: made['providerKey'] } }),
  },
  '/promptforge.version.v1.LabelService/SetLabelGate': {
    by: () => ann,
    fails: () => [`PUT ${label()}/gate`, { suiteId: NONE }],
    succeeds: () => [`PUT ${label()}/gate`, { suiteId }],
    says: () => ({ target: { kind: 'LABEL', id: promptId, name: 'production' }, ...changed('suite', '', suiteId) }),
  },
  '/promptforge.version.v1.LabelService/SetLabel': {
    by: () => ann,
    fails: () => [`PUT ${label()}`, { version: 2 }],
    succeeds: () => [`PUT ${label()}`, { version: 2, overrideReason: 'It is urgent' }],
    says: () => ({
      target: { kind: 'LABEL', id: promptId, name: 'production' },
      reason: 'It is urgent',
      ...changed('version', '', '2'),
    }),
  },
  '/promptforge.version.v1.LabelService/RemoveLabel': {
    by: () => ann,
    fails: () => [`DELETE /v1/prompts/${promptId}/labels/staging`],
    succeeds: () => [`DELETE ${label()}`],
    says: () => ({ target: { kind: 'LABEL', id: promptId, name: 'production' }, ...changed('version', '2', '') }),
  },
  '/promptforge.version.v1.LabelService/RemoveLabelGate': {
    by: () => ann,
    fails: () => [`DELETE /v1/prompts/${promptId}/labels/staging/gate`],
    succeeds: () => [`DELETE ${label()}/gate`],
    says: () => ({ target: { kind: 'LABEL', id: promptId, name: 'production' }, ...changed('suite', suiteId, '') }),
  },
  '/promptforge.marketplace.v1.LicenseService/RotateLicenseKey': {
    by: () => ben,
    fails: () => [`POST /v1/licenses/${NONE}:rotateKey`],
    succeeds: () => [`POST /v1/licenses/${bought.license.licenseId}:rotateKey`],
    says: () => ({ subjectId: ben.id, target: { kind: 'LICENSE', id: bought.license.licenseId } }),
  },
  '/promptforge.marketplace.v1.LicenseService/RevokeLicense': {
    by: () => ann,
    fails: () => [`POST /v1/licenses/${NONE}:revoke`, { reason: 'None of mine' }],
    succeeds: () => [`POST /v1/licenses/${bought.license.licenseId}:revoke`, { reason: 'The terms were broken' }],
    says: () => ({
      subjectId: ben.id,
      target: { kind: 'LICENSE', id: bought.license.licenseId },
      reason: 'The terms were broken',
      ...changed('because', '', 'REVOKED'),
    }),
  },
  '/promptforge.marketplace.v1.PurchaseService/RefundTransaction': {
    by: () => ann,
    fails: () => [`POST /v1/transactions/${NONE}:refund`, { reason: 'By mistake' }],
    succeeds: () => [`POST /v1/transactions/${bought.transaction.transactionId}:refund`, { reason: 'By mistake' }],
    says: () => ({
      subjectId: ben.id,
      target: { kind: 'TRANSACTION', id: bought.transaction.transactionId },
      reason: 'By mistake',
    }),
  },
  '/promptforge.marketplace.v1.SellerService/RecordPayout': {
    by: () => admin,
    fails: () => [`POST /v1/sellers/${ann.id}:payout`, { amount: usd(99_999_99), reference: 'bank 1' }],
    succeeds: () => [`POST /v1/sellers/${ann.id}:payout`, { amount: usd(500), reference: 'bank 1' }],
    says: () => ({ subjectId: ann.id, target: { kind: 'USER', id: ann.id } }),
  },
  '/promptforge.user.v1.UserService/DeactivateUser': {
    by: () => leaver,
    fails: () => [`POST /v1/users/${ann.id}:deactivate`],
    succeeds: () => ['POST /v1/users/me:deactivate'],
    says: () => ({ subjectId: leaver.id, target: { kind: 'USER', id: leaver.id } }),
  },
}

const passwords = (presentPassword: string) => ({
  presentPassword,
  newPassword: 'another correct horse',
  refreshToken: ann.refreshToken,
})

async function list(who: SignedIn, query: string): Promise<any[]> {
  const { status, body } = await ask(who, `GET /v1/audit?page_size=100&${query}`)
  if (status !== 200) throw new Error(`GET /v1/audit was answered ${status}: ${JSON.stringify(body)}`)
  return body.entries
}

test('every method that the contract names writes exactly one entry when it succeeds, with who, from where and in which request, and none when it fails', async () => {
  for (const [path, { by, fails, succeeds }] of Object.entries(CASES)) {
    const refused = await ask(by(), ...fails())
    expect([path, refused.status, refused.body.code]).toEqual([path, expect.any(Number), expect.any(Number)])
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(refused.status).toBeLessThan(500)
    const { status, headers, body } = await ask(by(), ...succeeds())
    expect([path, status, status === 200 || body]).toEqual([path, 200, true])
    made[path] = headers.get('x-request-id')!
    made['apiKey'] ??= body.apiKey?.id
    made['providerKey'] ??= body.providerKey?.keyId
  }
  await until(
    'the entries of the version service to be published',
    async () => (await list(admin, 'action=LABEL_GATE_REMOVED')).length > 0,
  )
  await network.processAll()
  for (const [path, { by, says }] of Object.entries(CASES)) {
    const action = auditEntry_ActionToJSON(loadContract().methods.get(path)!.audited!)
    const entries = await list(admin, `action=${action}&actor_id=${by().id}`)
    expect([path, entries]).toEqual([path, [expect.objectContaining({ action, actorId: by().id, actorProcess: '' })]])
    expect(entries[0]).toMatchObject({
      requestId: made[path],
      clientAddress: '127.0.0.1',
      userAgent: USER_AGENT,
      ...says(),
    })
    expect(JSON.stringify(entries)).not.toMatch(/sk-0123456789|correct horse|My secret plan/)
  }
})

test('a licence that a purchase grants, and what an operator does by a command, have entries too; the address is for its user and administrators', async () => {
  await runCommand(network, 'user', 'admin', ben.email)
  await network.processAll()
  const byCommand = {
    action: 'ROLE_CHANGED',
    actorId: '',
    actorProcess: 'command admin',
    subjectId: ben.id,
    clientAddress: '',
  }
  const target = `target_id=${ben.id}&action=ROLE_CHANGED`
  expect(await list(admin, target)).toEqual([
    expect.objectContaining(byCommand),
    expect.objectContaining({ actorId: admin.id, clientAddress: '127.0.0.1' }),
  ])
  await ask(admin, `POST /v1/users/${ben.id}:setRole`, { role: 'USER' })
  await network.processAll()
  const seen = await list(ben, target)
  expect(seen.map((entry: { actorId: string; clientAddress: string }) => [entry.actorId, entry.clientAddress])).toEqual(
    [
      [admin.id, ''],
      ['', ''],
      [admin.id, ''],
    ],
  )
  expect(await list(ben, 'action=LICENSE_GRANTED')).toMatchObject([
    { actorId: ben.id, subjectId: ben.id, target: { id: bought.license.licenseId }, clientAddress: '127.0.0.1' },
  ])
  expect(await list(ann, `target_id=${ben.id}`)).toEqual([])
})
