import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import type { Deps as MarketplaceDeps } from '../../marketplace/context.ts'
import { signLicenseDocument } from '../../marketplace/license-document.ts'
import { paymentSecrets } from '../secrets.ts'
import type { Scene } from './bad-input-cases.ts'
import type { TestNetwork } from './harness.ts'
import { buy, offer, usd } from './market.ts'
import { signToken } from './sign-token.ts'

/** Signs two users up, and makes everything that bad requests are made against. */
export async function setScene(network: TestNetwork): Promise<Scene> {
  const [ann, ben] = [await network.signUp(), await network.signUp()]
  const create = async (body: object) => {
    const answer = await network.rest('POST /v1/prompts', {
      token: ann.token,
      body: { content: 'Content', category: 'writing', ...body },
    })
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
    return answer.body.prompt.id as string
  }
  const prompts = {
    public: await create({ title: 'Public' }),
    private: await create({ title: 'Private', isPublic: false }),
    draft: await create({ title: 'Draft', status: 'DRAFT' }),
    archivedPrivate: await create({ title: 'Archived', isPublic: false }),
    deleted: await create({ title: 'Deleted' }),
  }
  await create({ title: 'Another' })
  await network.rest(`PATCH /v1/prompts/${prompts.archivedPrivate}`, { token: ann.token, body: { status: 'ARCHIVED' } })
  await network.rest(`DELETE /v1/prompts/${prompts.deleted}`, { token: ann.token })
  const list = await network.rest('GET /v1/prompts?category=writing&page_size=1')
  const market = await setMarket(network, { ann, ben }, prompts.private)
  return { ann, ben, prompts, pageToken: list.body.nextPageToken, tokens: await badTokens(network, ann), market }
}

/** Ann offers two prompts, and Ben and somebody else buy one of them. */
async function setMarket(
  network: TestNetwork,
  { ann, ben }: Pick<Scene, 'ann' | 'ben'>,
  promptId: string,
): Promise<Scene['market']> {
  const body = { promptId, title: 'Private', price: usd(1999) }
  const listed = await network.rest('POST /v1/listings', { token: ann.token, body })
  const { listingId: bought } = await offer(network, ann)
  const requestId = randomUUID()
  await buy(network, ben, bought, { requestId })
  const { body: others } = await buy(network, await network.signUp(), bought)
  return {
    listing: listed.body.listing.listingId,
    bought,
    requestId,
    others: { transaction: others.transaction.transactionId, license: others.license.licenseId },
    webhookSecret: paymentSecrets(network.secrets).webhookSecret,
  }
}

/** A licence document: signed by us, by a key of another kind than those of access tokens. */
async function licenseDocument({ services }: TestNetwork): Promise<string> {
  const { keys } = services['marketplace']!.context as MarketplaceDeps
  const license = {
    id: randomUUID(),
    promptId: randomUUID(),
    licenseType: 'PERSONAL' as const,
    minVersion: 1,
    maxVersion: null,
    revision: 1,
    keyHash: Buffer.alloc(32),
    isActive: true,
    expiresAt: null,
  }
  const issuer = 'https://auth.promptforge.example'
  return (await signLicenseDocument(await keys.documents.signer(), issuer, license, new Date()))!
}

async function badTokens(network: TestNetwork, ann: Scene['ann']): Promise<Scene['tokens']> {
  const [header, payload, signature] = ann.token.split('.') as [string, string, string]
  const ownKey = await network.signer()
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  const stranger = { kid: (await exportJWK(publicKey)).x!, privateKey }
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    malformed: 'not.a.token',
    expired: await signToken(ownKey, ann, { expires: '-10m' }),
    foreignKey: await signToken(stranger, ann),
    algNone: `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
    wrongAudience: await signToken(ownKey, ann, { audience: 'somebody-else' }),
    licenseDocument: await licenseDocument(network),
    tampered: `${header}.${encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), role: 'ADMIN' })}.${signature}`,
  }
}
