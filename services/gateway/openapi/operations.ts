import type { DescField } from '@bufbuild/protobuf'
import { scopeInTokens } from '#chassis/grpc/access.ts'
import { type Contract, type Method, takesRequestId } from '#contracts/contract.ts'
import {
  Policy_Caller as Who,
  Policy_Scope as Scope,
  policy_CallerToJSON as callerName,
  policy_ScopeToJSON as scopeName,
} from '#contracts/gen/promptforge/access/v1/access.ts'
import type { RestRoute as Route } from '../render/paths.ts'
import type { Comments } from './comments.ts'
import type { Example } from './examples.ts'
import { isDeprecatedMethod, methodDoc } from './failures-of.ts'
import { type Json, joined, present } from './json.ts'
import type { ReasonDoc } from './reasons.ts'
import { failedResponses, goodResponse } from './responses.ts'
import { isRequired } from './rules.ts'
import type { Schemas } from './schemas.ts'

type RestRoute = Route<Method>

/** What operations are made of. */
export type Sources = {
  contract: Contract
  comments: Comments
  reasons: ReadonlyMap<string, ReasonDoc>
  schemas: Schemas
  /** By operation id. */
  examples: ReadonlyMap<string, Example[]>
}

/** The name of an operation: that of its RPC, `createPrompt`. */
export const operationId = ({ name }: { name: string }) => name.charAt(0).toLowerCase() + name.slice(1)

/** The heading that a service's operations are under: `promptforge.prompt.v1.PromptService` is `Prompts`' `Prompt`. */
export const tagOf = ({ service }: { service: string }) =>
  service
    .split('.')
    .at(-1)!
    .replace(/Service$/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')

/** The operation of one REST route. Throws for an RPC without a description. */
export function operation({ method, route }: RestRoute, sources: Sources): Json {
  const { contract, comments, examples } = sources
  const doc = methodDoc(contract, comments, method)
  if (doc.description === '') {
    throw new Error(`${method.service}.${method.name} has no description: write in a comment before it what it does`)
  }
  const id = operationId(method)
  const own = examples.get(id) ?? []
  const [summary, rest] = summarise(doc.description)
  return present({
    operationId: id,
    tags: [tagOf(method)],
    summary,
    description: joined(rest, accessInWords(method.policy)) || undefined,
    deprecated: isDeprecatedMethod(contract, method) || undefined,
    parameters: nonEmpty([
      ...route.pathFields.map((name) => parameter(fieldOf(method.input, name), 'path', sources, own)),
      ...queryFields({ method, route }).map((field) => parameter(field, 'query', sources, own)),
      ...headerParameters(method, own),
    ]),
    requestBody: requestBody({ method, route }, sources, own),
    responses: { ...goodResponse(method, sources.schemas, own), ...failedResponses(method, doc, sources, own) },
    security: security(method.policy),
  })
}

const fieldOf = (message: { fields: DescField[]; typeName: string }, name: string): DescField => {
  const field = message.fields.find((one) => one.name === name)
  if (!field) throw new Error(`${message.typeName} has no field ${name}, which a path names: correct the path`)
  return field
}

/** What neither the path nor the body sets, where there is no body that could. Throws for a message, which no query of ours has. */
function queryFields({ method, route }: RestRoute): DescField[] {
  if (route.body === '*') return []
  const fields = method.input.fields.filter(({ name }) => !route.pathFields.includes(name) && name !== route.body)
  const message = fields.find((one) => one.message && one.message.typeName !== 'google.protobuf.Timestamp')
  if (message)
    throw new Error(`${method.name}: ${message.name} is a message, and a query has none: give the method a body`)
  return fields
}

function parameter(
  field: DescField,
  place: 'path' | 'query',
  { schemas, contract }: Sources,
  examples: Example[],
): Json {
  const { description, deprecated, ...schema } = schemas.field(field, 'request')
  return present({
    name: field.name,
    in: place,
    required: place === 'path' || isRequired(field, contract) || undefined,
    description,
    deprecated,
    schema,
    examples: valuesIn(examples, (one) => one[place]?.[field.name]),
  })
}

function headerParameters(method: RestRoute['method'], examples: Example[]): (Json | undefined)[] {
  const header = (name: string, description: string, schema: Json = { type: 'string' }) =>
    present({
      name,
      in: 'header',
      description,
      schema,
      examples: valuesIn(examples, ({ headers }) => headers?.[name.toLowerCase()]),
    })
  return [
    ...(takesRequestId(method)
      ? [
          header(
            'Idempotency-Key',
            'The same as `requestId` in the body: a lower-case UUID of your choice, by which a repeated call answers as the first one did, for 24 hours.',
            { type: 'string', format: 'uuid' },
          ),
        ]
      : []),
    ...(method.etag
      ? [
          header(
            'If-None-Match',
            'The `ETag` of the answer that you have: one that has not changed is 304, without a body.',
          ),
        ]
      : []),
    ...method.headers.map((name) => header(name, 'A header that the operation reads.')),
  ]
}

function requestBody({ method, route }: RestRoute, { schemas }: Sources, examples: Example[]): Json | undefined {
  if (route.body === '') return undefined
  if (route.body !== '*') {
    const schema = { description: 'The body as it is, byte for byte.' }
    const content = { schema, examples: valuesIn(examples, ({ body }) => body) }
    return { required: true, content: { [method.contentType]: present(content) } }
  }
  const isNeeded = method.input.fields.some(({ name }) => !route.pathFields.includes(name))
  const content = {
    schema: schemas.body(method.input, route.pathFields),
    examples: valuesIn(examples, ({ body }) => body),
  }
  return { required: isNeeded, content: { 'application/json': present(content) } }
}

/** The examples of one place, by their names; undefined for none. */
function valuesIn(examples: Example[], read: (example: Example) => unknown): Json | undefined {
  const found = examples.flatMap((one) => {
    const value = read(one)
    return value === undefined ? [] : [[one.name, { value }] as const]
  })
  return found.length > 0 ? Object.fromEntries(found) : undefined
}

function security(policy: RestRoute['method']['policy']): Json[] {
  const scope = policy?.scope ?? Scope.UNSPECIFIED
  return [
    ...(policy?.caller === Who.PUBLIC ? [{}] : []),
    { session: [] },
    ...(scope === Scope.UNSPECIFIED ? [] : [{ apiKey: [scopeInTokens(scopeName(scope))] }]),
  ]
}

function accessInWords(policy: RestRoute['method']['policy']): string {
  const scope = policy?.scope ?? Scope.UNSPECIFIED
  const who =
    policy?.caller === Who.PUBLIC
      ? 'Anyone may call it.'
      : policy?.caller === Who.USER
        ? 'Needs a signed-in user.'
        : `Needs a user whose role is ${policy?.caller === Who.ADMIN ? callerName(Who.ADMIN) : 'MODERATOR or ADMIN'}.`
  const keys =
    scope !== Scope.UNSPECIFIED
      ? `An application may call it with an API key of scope \`${scopeName(scope)}\`.`
      : policy?.caller === Who.PUBLIC
        ? ''
        : 'It is closed to API keys.'
  return [who, keys].filter(Boolean).join(' ')
}

/** Characters that a summary may have: more are cut in lists of operations. */
const LONGEST_SUMMARY = 70

/**
 * The first sentence of a description without its full stop, and what follows. Of a sentence that is too long the first clause, and then all of
 * the description follows.
 */
function summarise(text: string): [string, string] {
  const [, first = text, rest = ''] = /^([^\n]*?[^.])\.(?:\s+([^]*))?$/.exec(text) ?? []
  if (first.length <= LONGEST_SUMMARY) return [first, rest]
  const [clause = ''] = /^.{12,}?(?=[:;,]|$)/.exec(first) ?? []
  return [clause.length <= LONGEST_SUMMARY ? clause : clause.slice(0, clause.lastIndexOf(' ', LONGEST_SUMMARY)), text]
}

const nonEmpty = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined)
