import type { DescMethod } from '@bufbuild/protobuf'
import { type Contract, type Method, takesRequestId } from '#contracts/contract.ts'
import { Policy_Caller as Who, Policy_Scope as Scope } from '#contracts/gen/promptforge/access/v1/access.ts'
import type { Comments } from './comments.ts'
import { type Code, isCode, type ReasonDoc } from './reasons.ts'

/** What a method's comment says: what it does, and how it fails. */
export type MethodDoc = {
  /** Markdown, without the errors. */
  description: string
  /** Its sentences about errors, each with the statuses that it is about; those of the methods that it refers to are included. */
  clauses: { codes: Code[]; text: string }[]
}

/** Reads the comment of a method: a description, then `Errors: NOT_FOUND when …; ABORTED when …; as GetVersion.` */
export function methodDoc(
  { registry }: Contract,
  comments: Comments,
  method: Pick<Method, 'service' | 'name'>,
): MethodDoc {
  const service = registry.getService(method.service)
  const desc = service?.methods.find(({ name }) => name === method.name)
  if (!service || !desc)
    throw new Error(`the descriptor set has no ${method.service}.${method.name}: run \`npm run gen\``)
  const [description = '', errors = ''] = comments(desc).split(/\s*\bErrors: /)
  const own = errors === '' ? [] : errors.replace(/\.$/, '').split(/;\s+/).map(readClause)
  const inherited = own.flatMap(({ text }) =>
    [...text.matchAll(/\bas ([A-Z]\w+)\b/g)]
      .map(([, name]) => service.methods.find((one) => one.name === name))
      .filter((one): one is DescMethod => one !== undefined && one !== desc)
      .flatMap(({ name }) => methodDoc({ registry } as Contract, comments, { service: method.service, name }).clauses),
  )
  const codesOf = ({ text }: { text: string }) => inheritedCodes(text)
  return { description, clauses: [...own.filter((one) => one.codes.length > 0 || codesOf(one)), ...inherited] }
}

const inheritedCodes = (text: string) => /\bas [A-Z]\w+\b/.test(text)

function readClause(text: string) {
  const codes = [...text.matchAll(/\b[A-Z]+(?:_[A-Z]+)*\b/g)].map(([word]) => word).filter(isCode)
  return { codes: [...new Set(codes)], text }
}

/** The reasons by which a method may fail over REST, by HTTP status, and what its comment says of each. */
export type Failing = { reason: ReasonDoc; notes: string[] }

/**
 * How a method fails: by what every method of its kind can fail by, and by what its comment names. Throws for a status in the comment
 * that comes without a reason.
 */
export function failuresOf(method: Method, doc: MethodDoc, reasons: ReadonlyMap<string, ReasonDoc>): Failing[] {
  const named = doc.clauses.flatMap(({ codes, text }) => {
    const names = text.match(/\b[A-Z]+(?:_[A-Z]+)*\b/g)?.filter((word) => reasons.has(word)) ?? []
    const implied = codes.flatMap((code) => IMPLIED[code] ?? [])
    return [...new Set([...names, ...implied])].map((name) => ({ name, text }))
  })
  const ofShape = shapeReasons(method)
  const codes = new Set(doc.clauses.flatMap((clause) => clause.codes))
  const told = new Set([...named.map(({ name }) => name), ...ofShape].map((name) => reasons.get(name)?.code))
  const silent = [...codes].filter((code) => !told.has(code))
  if (silent.length > 0) throw new Error(silent.map((code) => withoutReason(method, code)).join('\n'))
  const names = [...new Set([...named.map(({ name }) => name), ...ofShape, ...commonReasons(method)])]
  return names.map((name) => {
    const reason = reasons.get(name)
    if (!reason) throw new Error(`${name} is no ErrorReason: correct its name`)
    return { reason, notes: named.filter((one) => one.name === name).map(({ text }) => text) }
  })
}

const withoutReason = ({ service, name }: Method, code: Code) =>
  `${service}.${name} fails with ${code} and does not say by which ErrorReason: write it in brackets after the case, \`${code} when … (REASON)\``

/** The reason of a status that has no other. */
const IMPLIED: Partial<Record<Code, string>> = {
  NOT_FOUND: 'RESOURCE_NOT_FOUND',
  PERMISSION_DENIED: 'NOT_ALLOWED',
}

/** By what a method can fail because of the shape of its request. */
function shapeReasons(method: Method): string[] {
  const { input, routes } = method
  const has = (name: string) => input.field[name] !== undefined
  return [
    'VALIDATION_FAILED',
    'REQUEST_REJECTED',
    ...when(routes[0]?.body === '*', 'UNKNOWN_FIELD'),
    ...when(
      routes.some(({ pathFields }) => pathFields.length > 0),
      'PATH_FIELD_IN_QUERY',
      'PATH_UNKNOWN',
    ),
    ...when(has('pageToken'), 'PAGE_TOKEN_INVALID'),
    ...when(takesRequestId(method), 'REQUEST_ID_CONFLICT', 'REQUEST_ID_REUSED', 'REQUEST_IN_PROGRESS'),
    ...when(has('etag'), 'ETAG_STALE'),
    // It may be `me`.
    ...when(has('userId') || has('userIds'), 'TOKEN_MISSING'),
    'DEPENDENCY_UNAVAILABLE',
  ]
}

/** By what every method of its kind can fail: by its policy, and because it writes. */
function commonReasons({ policy, readOnly, routes }: Method): string[] {
  const needsUser = policy?.caller !== Who.PUBLIC
  const hasScope = (policy?.scope ?? Scope.UNSPECIFIED) !== Scope.UNSPECIFIED
  return [
    ...when(needsUser, 'TOKEN_MISSING'),
    'TOKEN_INVALID',
    ...when(!readOnly || needsUser, 'ACCOUNT_DEACTIVATED'),
    'API_KEY_INVALID',
    ...when(hasScope, 'SCOPE_MISSING'),
    ...when(needsUser && (!hasScope || policy?.caller !== Who.USER), 'NOT_ALLOWED'),
    ...when(!readOnly, 'CONCURRENT_CHANGE'),
    ...when(routes[0]?.body !== '', 'REQUEST_TOO_LARGE'),
    'RATE_LIMITED',
    'OVERLOADED',
    'INTERNAL_ERROR',
    'DEADLINE_EXCEEDED',
  ]
}

const when = (holds: boolean, ...names: string[]) => (holds ? names : [])

/** Whether a declaration is marked `deprecated = true`. */
export const isDeprecatedMethod = (
  { registry }: Contract,
  { service, name }: Pick<Method, 'service' | 'name'>,
): boolean => registry.getService(service)?.methods.find((one) => one.name === name)?.proto.options?.deprecated ?? false
