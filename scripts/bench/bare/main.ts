// The bare server: what a service would be with nothing between the wire and its statements. It takes the environment of the
// service that it stands beside, and `user` or `prompt` as its argument.
import { Pool } from 'pg'
import type { JSONWebKeySet } from 'jose'
import { promptRpcs } from './prompt.ts'
import { serveBare } from './serve.ts'
import { createTokenCheck } from './tokens.ts'
import { userRpcs } from './user.ts'

const { PF_POSTGRES_URL, PF_CERTIFICATES, PF_TOKEN_ISSUER, PF_TOKEN_AUDIENCE, PF_BENCH_KEYS } = process.env
const keys = JSON.parse(PF_BENCH_KEYS!) as JSONWebKeySet
const rules = { issuer: PF_TOKEN_ISSUER!, audience: PF_TOKEN_AUDIENCE! }
const checkToken = createTokenCheck(keys, rules)
const pool = new Pool({ connectionString: PF_POSTGRES_URL, max: 10 })
const rpcs = process.argv[2] === 'user' ? userRpcs(pool, keys, rules) : promptRpcs(pool)
const port = await serveBare(PF_CERTIFICATES!, checkToken, rpcs)
process.stdout.write(`${JSON.stringify({ msg: 'listening', ports: { grpc: port } })}\n`)
process.once('SIGTERM', () => process.exit())
