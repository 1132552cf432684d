import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Scene } from './bad-input-cases.ts'
import type { TestNetwork } from './harness.ts'

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

async function badTokens(network: TestNetwork, { id, username, token }: Scene['ann']): Promise<Scene['tokens']> {
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const claims = { username, role: 'ADMIN', jti: randomUUID(), sub: id }
  const ownKey = await network.signer()
  const sign = (
    key: { kid: string; privateKey: Parameters<SignJWT['sign']>[0] },
    changes: { audience?: string; expires?: string },
  ) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', kid: key.kid })
      .setIssuer('https://auth.promptforge.example')
      .setAudience(changes.audience ?? 'promptforge')
      .setIssuedAt(new Date(Date.now() - 3_600_000))
      .setExpirationTime(changes.expires ?? '15m')
      .sign(key.privateKey)
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  const stranger = { kid: (await exportJWK(publicKey)).x!, privateKey }
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    malformed: 'not.a.token',
    expired: await sign(ownKey, { expires: '-10m' }),
    foreignKey: await sign(stranger, {}),
    algNone: `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
    wrongAudience: await sign(ownKey, { audience: 'somebody-else' }),
    tampered: `${header}.${encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), role: 'ADMIN' })}.${signature}`,
  }
}
