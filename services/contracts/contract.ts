import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createFileRegistry,
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  getOption,
  hasOption,
  type Message,
  toBinary,
} from '@bufbuild/protobuf'
import {
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel as Idempotency,
} from '@bufbuild/protobuf/wkt'
import { Policy, Policy_Caller } from './gen/promptforge/access/v1/access.ts'
import type { AuditEntry_Action as Action } from './gen/promptforge/audit/v1/audit.ts'
import { HttpRule } from './gen/google/api/http.ts'
import { Facts, Facts_RateClass } from './gen/promptforge/method/v1/method.ts'
import { maxRequestBytesOf } from './request-size.ts'

/** One way to reach an RPC over REST, from its `google.api.http` option. */
export type HttpRoute = {
  /** GET, PUT, POST, DELETE or PATCH. */
  verb: string
  /** The path template, `/v1/prompts/{prompt_id}:fork`. */
  path: string
  /** The request field that the body fills: `*` for all that the path does not set, empty for none. */
  body: string
  /** Proto names of the fields that the path sets. */
  pathFields: string[]
}

/** A rate limit that only some methods have, as the contract names it: `AUTH`. */
export type RateClass = Exclude<keyof typeof Facts_RateClass, 'UNSPECIFIED' | 'UNRECOGNIZED'>

/** The longest that a stream may last, milliseconds, when its method does not say: at the gateway, and between services. */
export const LONGEST_STREAM_MS = 900_000

/** What the contract says of one RPC. */
export type Method = {
  /** As gRPC spells it: `/promptforge.prompt.v1.PromptService/GetPrompt`. */
  path: string
  /** The full name of its proto service. */
  service: string
  /** Its name in the proto, `GetPrompt`. */
  name: string
  input: DescMessage
  output: DescMessage
  serverStreaming: boolean
  /** Who may call it; undefined when the proto does not say, and then no server starts with it. */
  policy: Policy | undefined
  /** Empty for an RPC that is not on REST. */
  routes: HttpRoute[]
  /** It changes nothing: it may be retried, and a GET may answer it. */
  readOnly: boolean
  /** The longest that a call may take, milliseconds; undefined when the proto does not say, and then it goes by kind. */
  deadlineMs: number | undefined
  /** The rate limit that calls count towards, beside the one for everything. */
  rateClass: RateClass | undefined
  /** The largest request, bytes. */
  maxRequestBytes: number
  /** Names of the request headers that the handler reads, in lower case. */
  headers: string[]
  /** The content type of the `google.api.HttpBody` that is its answer, or the body of its request; empty without one. */
  contentType: string
  /** Whether its answers carry an ETag. */
  etag: boolean
  /** The action of the entry that a call writes into the audit log when it changes something; undefined when it writes none. */
  audited: Action | undefined
}

/** The contract: the descriptor set of `proto/` with all its imports, and what our options say in it. */
export type Contract = {
  set: FileDescriptorSet
  registry: FileRegistry
  /** By gRPC path. */
  methods: ReadonlyMap<string, Method>
}

/** Whether a method can only be called for a signed-in user, by its policy. */
export const needsUser = ({ policy }: Pick<Method, 'policy'>): boolean =>
  policy?.caller !== Policy_Caller.PUBLIC && !policy?.withoutUser

/** Whether callers may send a `request_id`, which makes a repeated call answer as the first. */
export const takesRequestId = ({ input }: Pick<Method, 'input'>): boolean => input.field['requestId'] !== undefined

let loaded: Contract | undefined

/** The descriptor set that `npm run gen` wrote. Read once a process: it cannot change while it runs. */
export function loadContract(): Contract {
  loaded ??= readContract(readFileSync(DESCRIPTOR_SET))
  return loaded
}

/** Where the descriptor set lies, for a program that reads it itself (Envoy does). */
export const DESCRIPTOR_SET = join(import.meta.dirname, 'gen/promptforge.binpb')

/** Reads a descriptor set in its wire form. Throws when it does not hold our options. */
export function readContract(bytes: Uint8Array): Contract {
  const set = fromBinary(FileDescriptorSetSchema, bytes)
  const registry = createFileRegistry(set)
  const options = {
    policy: requireExtension(registry, 'promptforge.access.v1.policy'),
    http: requireExtension(registry, 'google.api.http'),
    facts: requireExtension(registry, 'promptforge.method.v1.facts'),
    action: requireExtension(registry, 'promptforge.audit.v1.action'),
  }
  const methods = [...registry.files]
    .flatMap((file) => file.services)
    .flatMap((service) => service.methods.map((method) => readMethod(method, options)))
  return { set, registry, methods: new Map(methods.map((method) => [method.path, method])) }
}

/** The lower-camel name of a proto field, as JSON and TypeScript have it. */
export const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

/** The number of the `promptforge.text.v1.Kind` that a field says, 0 for none. */
export function textKindOf({ registry }: Contract, field: DescField): number {
  const kind = registry.getExtension('promptforge.text.v1.kind')
  if (!kind) throw new Error('the descriptor set has no option promptforge.text.v1.kind: run `npm run gen`')
  return getOption(field, kind) as number
}

type Options = Record<'policy' | 'http' | 'facts' | 'action', DescExtension>

function readMethod(method: DescMethod, options: Options): Method {
  const policy = readOption(method, options.policy)
  const http = readOption(method, options.http)
  const { deadlineMs, rateClass, maxRequestBytes, headers, contentType, etag } = Facts.decode(
    readOption(method, options.facts) ?? new Uint8Array(),
  )
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    service: method.parent.typeName,
    name: method.name,
    input: method.input,
    output: method.output,
    serverStreaming: method.methodKind === 'server_streaming',
    policy: policy && Policy.decode(policy),
    routes: http ? readRoutes(HttpRule.decode(http)) : [],
    readOnly: method.idempotency === Idempotency.NO_SIDE_EFFECTS,
    deadlineMs,
    rateClass: rateClasses.get(rateClass),
    maxRequestBytes: maxRequestBytes ?? maxRequestBytesOf(method.input),
    headers,
    contentType,
    etag,
    audited: hasOption(method, options.action) ? (getOption(method, options.action) as Action) : undefined,
  }
}

/** Every rate class of the contract, by its number. */
const rateClasses = new Map<number, RateClass>(
  Object.entries(Facts_RateClass).flatMap(([name, value]) =>
    typeof value === 'number' && value > 0 ? [[value, name as RateClass]] : [],
  ),
)

/** Every rate class of the contract. */
export const RATE_CLASSES: readonly RateClass[] = [...rateClasses.values()]

function readOption(method: DescMethod, option: DescExtension): Uint8Array | undefined {
  if (!hasOption(method, option)) return undefined
  return toBinary(option.message!, getOption(method, option) as Message)
}

function readRoutes(rule: HttpRule): HttpRoute[] {
  const { pattern } = rule
  if (!pattern || pattern.$case === 'custom') throw new Error('a google.api.http option must name a verb and a path')
  const path = pattern.value
  const own: HttpRoute = {
    verb: pattern.$case.toUpperCase(),
    path,
    body: rule.body,
    pathFields: [...path.matchAll(/\{(\w+)/g)].map((match) => match[1]!),
  }
  return [own, ...rule.additionalBindings.flatMap(readRoutes)]
}

function requireExtension(registry: FileRegistry, name: string): DescExtension {
  const extension = registry.getExtension(name)
  if (!extension) throw new Error(`the descriptor set has no option ${name}: run \`npm run gen\``)
  return extension
}
