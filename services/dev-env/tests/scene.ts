import { exportJWK, generateKeyPair } from 'jose'
import type { Scene } from './bad-input-cases.ts'
import type { TestNetwork } from './harness.ts'
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
  return { ann, ben, prompts, pageToken: list.body.nextPageToken, tokens: await badTokens(network, ann) }
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
    tampered: `${header}.${encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), role: 'ADMIN' })}.${signature}`,
  }
}
