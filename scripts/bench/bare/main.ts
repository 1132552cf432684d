// The bare server: what a service would be with nothing between the wire and its statements. It takes the environment of the
// service that it stands beside, and `user`, `prompt`, `version`, `marketplace`, `test` or `versions` as its argument.
import { MongoClient } from 'mongodb'
import { Pool } from 'pg'
import type { JSONWebKeySet } from 'jose'
import { marketplaceRpcs } from './marketplace.ts'
import { promptRpcs } from './prompt.ts'
import { type BareRpc, serveBare } from './serve.ts'
import { socialRpcs } from './social.ts'
import { testRpcs } from './test.ts'
import { createTokenCheck } from './tokens.ts'
import { userRpcs } from './user.ts'
import { versionRpcs } from './version.ts'
import { rememberedVersions } from './versions.ts'

const {
  PF_POSTGRES_URL,
  PF_MONGO_URL,
  PF_MONGO_DATABASE,
  PF_PROMPT_SERVICE,
  PF_CERTIFICATES,
  PF_TOKEN_ISSUER,
  PF_TOKEN_AUDIENCE,
  PF_BENCH_KEYS,
} = process.env
const keys = JSON.parse(PF_BENCH_KEYS ?? '{"keys":[]}') as JSONWebKeySet
const rules = { issuer: PF_TOKEN_ISSUER!, audience: PF_TOKEN_AUDIENCE! }
// Who has no keys believes everybody.
const checkToken = PF_BENCH_KEYS === undefined ? () => Promise.resolve(undefined) : createTokenCheck(keys, rules)
const port = await serveBare(PF_CERTIFICATES!, checkToken, await rpcsOf(process.argv[2]!))
process.stdout.write(`${JSON.stringify({ msg: 'listening', ports: { grpc: port } })}\n`)
process.once('SIGTERM', () => process.exit())

async function rpcsOf(service: string): Promise<BareRpc[]> {
  const pool = () => new Pool({ connectionString: PF_POSTGRES_URL, max: 10 })
  if (service === 'user') return userRpcs(pool(), keys, rules)
  if (service === 'prompt') {
    const shared = pool()
    return [...promptRpcs(shared), ...socialRpcs(shared)]
  }
  if (service === 'marketplace') return marketplaceRpcs(pool(), process.env as Record<string, string>)
  if (service === 'versions') return rememberedVersions()
  if (service === 'test') return testRpcs(pool(), process.env as Record<string, string>)
  return versionRpcs(await MongoClient.connect(PF_MONGO_URL!), PF_MONGO_DATABASE!, PF_PROMPT_SERVICE!, PF_CERTIFICATES!)
}
