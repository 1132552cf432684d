import {
  Metadata,
  Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type status,
  type UntypedHandleCall,
} from '@grpc/grpc-js'
import { promisify } from 'node:util'
import { HealthImplementation } from 'grpc-health-check'
import type { Rpc, RpcService } from '#chassis/grpc/call.ts'
import { requestIdOf } from '#chassis/grpc/request.ts'
import { toAppError, toStatus } from '#chassis/grpc/status.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { testMesh } from '#chassis/testing/service.ts'

/** A call as it arrived at a service. */
export type Received = { path: string; request: unknown; metadata: Metadata; deadline: number }

/** What a test has a service do; answering undefined is answering with an empty message. */
export type Answer = (request: any, call: Received & { headers: Metadata; signal: AbortSignal }) => unknown

/** Thrown by an answer: a status as a gRPC library makes it, without our details. */
export class BareStatus extends Error {
  readonly code: status

  constructor(code: status, message: string) {
    super(message)
    this.code = code
  }
}

/** A service that answers as it is told. */
export type Echo = {
  port: number
  /** Every call that arrived, the oldest first. */
  calls: Received[]
  /** By gRPC path. */
  answers: Map<string, Answer>
  health: HealthImplementation
  /** Ends at once, with the calls that run. */
  stop(): void
  /** Takes no new calls on its connections, and ends when the running ones have. */
  drain(): Promise<void>
}

/** Starts a service of the mesh, over mutual TLS with the certificate of `name`, on a free port or on `port`. */
export async function startEcho(
  name: string,
  definitions: RpcService[],
  { port = 0, member = name }: { port?: number; member?: string } = {},
): Promise<Echo> {
  const server = new Server({ 'grpc.max_receive_message_length': 4 * 1024 * 1024 })
  const health = new HealthImplementation({ '': 'SERVING' })
  const echo = { calls: [] as Received[], answers: new Map<string, Answer>(), health }
  health.addToServer(server)
  for (const definition of definitions) {
    const handlers = Object.entries(definition).map(([rpcName, rpc]) => [rpcName, handle(rpc, echo)])
    server.addService(definition, Object.fromEntries(handlers))
  }
  const bindAsync = promisify(server.bindAsync.bind(server))
  const bound = await bindAsync(`127.0.0.1:${port}`, openMesh(testMesh(member)).serverCredentials)
  return {
    ...echo,
    port: bound,
    stop: () => server.forceShutdown(),
    drain: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  }
}

function handle(rpc: Rpc, { calls, answers }: Pick<Echo, 'calls' | 'answers'>): UntypedHandleCall {
  const begin = (call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>) => {
    const { request, metadata } = call
    const received = { path: rpc.path, request, metadata, deadline: Number(call.getDeadline()) }
    calls.push(received)
    const gone = new AbortController()
    call.on('cancelled', () => gone.abort())
    const headers = new Metadata()
    const answer = answers.get(rpc.path) ?? (() => undefined)
    return { headers, run: async () => answer(request, { ...received, headers, signal: gone.signal }) }
  }
  const failure = (error: unknown, metadata: Metadata) =>
    error instanceof BareStatus
      ? { code: error.code, details: error.message }
      : toStatus(toAppError(error), requestIdOf(metadata))
  const empty = () => rpc.responseDeserialize(Buffer.alloc(0))
  if (rpc.responseStream) {
    return (async (call: ServerWritableStream<unknown, unknown>) => {
      try {
        const messages = ((await begin(call).run()) ?? [empty()]) as AsyncIterable<unknown>
        for await (const message of messages) call.write(message)
        call.end()
      } catch (error) {
        call.emit('error', failure(error, call.metadata))
      }
    }) as UntypedHandleCall
  }
  return ((call: ServerUnaryCall<unknown, unknown>, callback: (error: unknown, response?: unknown) => void) => {
    const { headers, run } = begin(call)
    run().then(
      (response) => {
        call.sendMetadata(headers)
        callback(null, response ?? empty())
      },
      (error: unknown) => callback(failure(error, call.metadata)),
    )
  }) as UntypedHandleCall
}
