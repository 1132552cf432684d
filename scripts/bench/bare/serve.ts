import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MethodDefinition, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import type { Pool, PoolClient, QueryConfig, QueryResultRow } from 'pg'
import { type Statement, valuesOf } from '#chassis/db/statements.ts'
import type { Caller, CheckToken } from './tokens.ts'

/** A handler of the bare server. */
export type BareHandler<Request, Response> = (request: Request, caller: Caller | undefined) => Promise<Response>

/** One RPC of the bare server. */
export type BareRpc = { rpc: MethodDefinition<any, any>; handler: BareHandler<any, any> }

/** Pairs an RPC with its handler; the compiler checks that the two fit. */
export const bareRpc = <Request, Response>(
  rpc: Pick<MethodDefinition<Request, Response>, 'requestDeserialize' | 'responseSerialize'>,
  handler: BareHandler<Request, Response>,
): BareRpc => ({ rpc: rpc as MethodDefinition<Request, Response>, handler })

/** Runs a service's own statement, named as there, as `pg` does. */
export async function query<Params, Row>(
  pool: Pool | PoolClient,
  statement: Statement<Params, Row>,
  params: NoInfer<Params>,
): Promise<Row[]> {
  const { name, text } = statement
  const query: QueryConfig = { name, text, values: valuesOf(statement, params) }
  const { rows } = await pool.query<Row & QueryResultRow>(query)
  return rows
}

/** Serves RPCs over mutual TLS, and the health that the gateway asks for. Answers with the port. */
export async function serveBare(certificates: string, checkToken: CheckToken, rpcs: BareRpc[]): Promise<number> {
  const server = new Server({ 'grpc.enable_channelz': 0, 'grpc.max_concurrent_streams': 1000 })
  for (const { rpc, handler } of rpcs) {
    server.register(rpc.path, adapt(checkToken, handler), rpc.responseSerialize, rpc.requestDeserialize, 'unary')
  }
  new HealthImplementation({ '': 'SERVING' }).addToServer(server)
  const read = (name: string) => readFileSync(join(certificates, name))
  const pair = { private_key: read('key.pem'), cert_chain: read('cert.pem') }
  const credentials = ServerCredentials.createSsl(read('ca.pem'), [pair], true)
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)))
  })
}

function adapt(checkToken: CheckToken, handler: BareHandler<unknown, unknown>) {
  return (call: ServerUnaryCall<any, any>, callback: (error: Error | null, response?: unknown) => void) => {
    checkToken(call.metadata)
      .then((caller) => handler(call.request, caller))
      .then((response) => callback(null, response), callback)
  }
}
