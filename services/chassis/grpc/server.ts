import { setTimeout as sleep } from 'node:timers/promises'
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { toBinary } from '@bufbuild/protobuf'
import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { type Contract, MAX_MESSAGE_BYTES } from '#contracts/contract.ts'
import { assertPolicy } from './access.ts'
import { receive, type ServerParts } from './admit.ts'
import type { Handlers, RpcService } from './call.ts'
import { adapt } from './handle.ts'
import { bind, type Health } from './health.ts'
import type { Mesh } from './tls.ts'

/** A proto service and its handlers; made by `serve`. */
export type Served = { definition: RpcService; handlers: Record<string, unknown> }

/** Pairs a service's description with its table of handlers; the compiler checks that the two fit. */
export const serve = <S extends RpcService>(definition: S, handlers: Handlers<S>): Served => ({ definition, handlers })

const OPTIONS = {
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_concurrent_streams': 1000,
  // Megabytes that a connection may make us keep, answers that its client does not read among them; then it gets no new calls.
  'grpc-node.max_session_memory': 64,
  // Clients look for new addresses only when a connection ends.
  'grpc.max_connection_age_ms': 300_000,
  'grpc.max_connection_age_grace_ms': 30_000,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.enable_channelz': 0,
}

/** A gRPC server over mutual TLS that is listening. */
export type RunningServer = {
  port: number
  /** Takes no new calls, lets the running ones finish for `graceMs`, then ends what is left. */
  shutdown(graceMs: number): Promise<void>
}

/**
 * Starts the server of one service. Refuses to start when a method has no policy, is not in the contract, or has a broken
 * validation rule.
 */
export async function startServer(options: {
  parts: ServerParts
  services: Served[]
  mesh: Mesh
  health: Health
  reflection: boolean
  host: string
  port: number
}): Promise<RunningServer> {
  const { parts, services, mesh, health, host } = options
  const server = new Server({ ...OPTIONS, 'grpc.max_receive_message_length': largestRequest(parts.contract, services) })
  for (const served of services) addService(server, parts, served)
  health.implementation.addToServer(server)
  if (options.reflection) await addReflection(server, parts.contract, services)
  const port = await bind(server, host, options.port, mesh.serverCredentials)
  return {
    port,
    shutdown: async (graceMs) => {
      server.drain(`${host}:${port}`, graceMs)
      const finished = new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
      await Promise.race([finished, sleep(graceMs, undefined, { ref: false })])
      server.forceShutdown()
    },
  }
}

/** What grpc-js reads of a request at all; admission goes by method. Nothing is below the default, so that admission can say why. */
function largestRequest({ methods }: Contract, services: Served[]): number {
  const paths = services.flatMap(({ definition }) => Object.values(definition).map(({ path }) => path))
  return Math.max(MAX_MESSAGE_BYTES, ...paths.map((path) => methods.get(path)?.maxRequestBytes ?? 0))
}

function addService(server: Server, parts: ServerParts, { definition, handlers }: Served) {
  const received: Record<string, RpcService[string]> = {}
  const implementation: UntypedServiceImplementation = {}
  for (const [name, rpc] of Object.entries(definition)) {
    const method = parts.contract.methods.get(rpc.path)
    if (!method) throw new Error(`${rpc.path} is not in the descriptor set: run \`npm run gen\``)
    assertPolicy(method)
    received[name] = { ...rpc, requestDeserialize: receive(rpc) }
    implementation[name] = adapt(parts, method, rpc, handlers[name])
  }
  server.addService(received as ServiceDefinition, implementation)
}

async function addReflection(server: Server, contract: Contract, services: Served[]) {
  const { ReflectionService } = await import('@grpc/reflection')
  const fileDescriptorProtos = contract.set.file.map((file: FileDescriptorProto) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file)),
  )
  const names = services.flatMap(({ definition }) => Object.values(definition).map((rpc) => rpc.path.split('/')[1]!))
  new ReflectionService({ all: { fileDescriptorProtos } } as never, { services: [...new Set(names)] }).addToServer(
    server,
  )
}
