import { setTimeout as sleep } from 'node:timers/promises'
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { toBinary } from '@bufbuild/protobuf'
import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { type Contract, LONGEST_STREAM_MS } from '#contracts/contract.ts'
import { MAX_MESSAGE_BYTES } from '#contracts/request-size.ts'
import type { Database } from '../db/orm.ts'
import type { Store } from '../db/store.ts'
import { assertPolicy } from './access.ts'
import { receive, type ServerParts } from './admit.ts'
import type { Handlers, PlainCall, PublicCall, RpcService } from './call.ts'
import { adapt, type HandlerParts } from './handle.ts'
import { bind, type Health } from './health.ts'
import { refuseUnreadable } from './refuse.ts'
import { createRunningStreams } from './running-streams.ts'
import type { Mesh } from './tls.ts'

/** A proto service and its handlers, which use a database like `S`; made by `serve`. */
export type Served<S extends Store = Store> = {
  definition: RpcService
  handlers: Record<string, unknown>
  /** Phantom: the database that the handlers use. */
  readonly uses?: (store: S) => void
}

/**
 * Pairs a service's description with its table of handlers. The compiler checks that the two fit: none is missing and none too many,
 * a handler of a method that anyone may call does not ask for a signed-in user, and one that uses `sql` is in a service that has it.
 */
export const serve = <S extends RpcService, H extends Handlers<S, PublicCall>>(
  definition: S,
  handlers: H & { [K in Exclude<keyof H, keyof S>]: never },
): Served<H extends Handlers<S, PlainCall> ? Store : Database> => ({ definition, handlers })

const OPTIONS = {
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_concurrent_streams': 1000,
  // Megabytes that a connection may make us keep, answers that its client does not read among them; then it gets no new calls.
  'grpc-node.max_session_memory': 64,
  // @NOTE No `keepalive_time_ms`: a connection that takes no new calls cannot be pinged, which grpc-js takes for a failure, and ends the streams on it.
  'grpc.enable_channelz': 0,
}

/** A gRPC server over mutual TLS that is listening. */
export type RunningServer = {
  port: number
  /**
   * Takes no new calls, asks streams to say their last message, and lets what runs finish for `graceMs`. Then it ends what is left:
   * streams a little earlier and with UNAVAILABLE, so that their clients come again, all else with its connection.
   */
  shutdown(graceMs: number): Promise<void>
}

/** How long a connection takes new calls, milliseconds: clients look for new addresses only when one ends. */
const CONNECTION_AGE_MS = 30_000

/** How much longer than the longest stream a connection that takes no new calls is kept, milliseconds. */
const CONNECTION_MARGIN_MS = 30_000

/** The part of the grace that a shutdown leaves for the ends of streams to reach their clients. */
const LAST_PART = 0.1

/**
 * Starts the server of one service. Refuses to start when a method has no policy, is not in the contract, has a broken validation
 * rule, or is in a proto package of which it serves others and not this one.
 */
export async function startServer(options: {
  parts: ServerParts
  services: Served<never>[]
  mesh: Mesh
  health: Health
  reflection: boolean
  host: string
  port: number
  connectionAgeMs?: number | undefined
}): Promise<RunningServer> {
  const { parts, services, mesh, health, host, connectionAgeMs = CONNECTION_AGE_MS } = options
  assertComplete(parts.contract, services)
  const streams = createRunningStreams()
  const server = new Server({
    ...OPTIONS,
    interceptors: [refuseUnreadable],
    'grpc.max_receive_message_length': largestRequest(parts.contract, services),
    'grpc.max_connection_age_ms': connectionAgeMs,
    'grpc.max_connection_age_grace_ms': longestStream(parts.contract, services) + CONNECTION_MARGIN_MS,
  })
  for (const served of services) addService(server, { ...parts, streams }, served)
  health.implementation.addToServer(server)
  if (options.reflection) await addReflection(server, parts.contract, services)
  const port = await bind(server, host, options.port, mesh.serverCredentials)
  return {
    port,
    shutdown: async (graceMs) => {
      server.drain(`${host}:${port}`, graceMs)
      const finished = new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
      const finishes = (ms: number) => Promise.race([finished, sleep(ms, undefined, { ref: false })])
      // Clients know by now that this connection takes no new calls: one that comes again goes elsewhere.
      streams.drain()
      await finishes(graceMs * (1 - LAST_PART))
      streams.end()
      await finishes(graceMs * LAST_PART)
      server.forceShutdown()
      streams.cut()
    },
  }
}

function assertComplete({ methods }: Contract, services: Served<never>[]) {
  const served = new Set(pathsOf(services))
  const packages = new Set([...served].map(packageOf))
  const missing = [...methods.keys()].filter((path) => packages.has(packageOf(path)) && !served.has(path))
  if (missing.length === 0) return
  throw new Error(
    `no handler serves ${missing.join(', ')}: add a handler for each, and its proto service to rpc/index.ts`,
  )
}

// `/promptforge.prompt.v1.PromptService/GetPrompt`: `promptforge.prompt.v1`.
const packageOf = (path: string) => path.slice(1, path.lastIndexOf('.'))

/** The gRPC paths of the methods of these services. */
export const pathsOf = (services: Served<never>[]) =>
  services.flatMap(({ definition }) => Object.values(definition).map(({ path }) => path))

/** The longest that a stream of these services may last, milliseconds; 0 when none streams. */
export function longestStream({ methods }: Contract, services: Served<never>[]): number {
  const streams = pathsOf(services)
    .map((path) => methods.get(path))
    .filter((method) => method?.serverStreaming)
  return Math.max(0, ...streams.map((method) => method?.deadlineMs ?? LONGEST_STREAM_MS))
}

/** What grpc-js reads of a request at all; admission goes by method. Nothing is below the default, so that admission can say why. */
function largestRequest({ methods }: Contract, services: Served<never>[]): number {
  return Math.max(MAX_MESSAGE_BYTES, ...pathsOf(services).map((path) => methods.get(path)?.maxRequestBytes ?? 0))
}

function addService(server: Server, parts: HandlerParts, { definition, handlers }: Served<never>) {
  const received: Record<string, RpcService[string]> = {}
  const implementation: UntypedServiceImplementation = {}
  for (const [name, rpc] of Object.entries(definition)) {
    const method = parts.contract.methods.get(rpc.path)
    if (!method) throw new Error(`${rpc.path} is not in the descriptor set: run \`npm run gen\``)
    assertPolicy(method)
    received[name] = { ...rpc, requestDeserialize: receive(parts.contract, rpc, method) }
    implementation[name] = adapt(parts, method, rpc, handlers[name])
  }
  server.addService(received as ServiceDefinition, implementation)
}

async function addReflection(server: Server, contract: Contract, services: Served<never>[]) {
  const { ReflectionService } = await import('@grpc/reflection')
  const fileDescriptorProtos = contract.set.file.map((file: FileDescriptorProto) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file)),
  )
  const names = pathsOf(services).map((path) => path.split('/')[1]!)
  new ReflectionService({ all: { fileDescriptorProtos } } as never, { services: [...new Set(names)] }).addToServer(
    server,
  )
}
