import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readContract } from '#contracts/contract.ts'
import { ALL_EVENTS, type EventDefinition, STREAMS, type StreamName } from '#contracts/events.ts'
import { readComments } from '../../services/gateway/openapi/comments.ts'
import { readReasons } from '../../services/gateway/openapi/reasons.ts'

const contract = readContract(readFileSync(join(import.meta.dirname, '../../services/contracts/gen/documented.binpb')))
const comments = readComments(contract.set)

/** The catalogue of events, by stream, with what the contract says of each. */
export const eventsPage = () =>
  [
    '# Events',
    `What services tell each other over NATS JetStream. Each is a protobuf message of \`proto/\`, with its id, its time, and the revision of what it is about: see [consistency](../explanation/consistency.md).
Administrators can [watch events as they arrive](../how-to/integrate.md#watch-what-happens). Dead letters stay in \`PF_DEAD_LETTER\` for ${STREAMS.PF_DEAD_LETTER.days} days.`,
    ...Object.keys(STREAMS).map((stream) => section(stream as StreamName)),
  ]
    .filter(Boolean)
    .join('\n\n')

function section(stream: StreamName): string {
  const events = ALL_EVENTS.filter((event) => event.stream === stream)
  if (events.length === 0) return ''
  const { days, maxBytes } = STREAMS[stream]
  return `## ${stream}

Kept for ${days} days, and at most ${maxBytes / 1024 ** 3} GiB.

| event | when | handled by |
|---|---|---|
${events.map((event) => `| \`${event.subject}\` | ${whenOf(event)} | ${event.consumers.join(', ')} |`).join('\n')}`
}

/** The messages of the contract by their names without a package, which are unique among those of events. */
const messages = new Map(
  contract.set.file
    .flatMap(({ name }) => contract.registry.getFile(name)?.messages ?? [])
    .filter(({ typeName }) => typeName.startsWith('promptforge.'))
    .map((message) => [message.name, message]),
)

/** `UserRegistered` of `user.registered`; all entries of the audit log are one message. */
const messageOf = (name: string) =>
  name.endsWith('.audited')
    ? 'Audited'
    : name.replaceAll(/(?:^|[._])(\w)/g, (_, letter: string) => letter.toUpperCase())

function whenOf({ name }: EventDefinition): string {
  const message = messages.get(messageOf(name))
  const comment = message && comments(message)
  if (!comment) throw new Error(`the message of ${name} has no comment: say before it when it happens`)
  return cell(comment)
}

/** Every reason for which a call fails, with what to do. */
export const errorsPage = () =>
  [
    '# Errors',
    `A call that fails answers with a \`message\` for people and, in \`details\`, with a \`google.rpc.ErrorInfo\` whose \`reason\` is one of these. Its \`metadata\` always has \`request_id\`.
\`BadRequest\` names every field that breaks a rule, and \`RetryInfo\`, with the header \`Retry-After\`, says when to come again. The gateway shows the same at \`/docs/errors\`.`,
    `| reason | HTTP, gRPC | when | what to do |
|---|---|---|---|
${[...readReasons(contract, comments).values()]
  .map(
    ({ name, http, code, when, remedy, metadata }) =>
      `| \`${name}\` | ${http} ${code} | ${cell(when)}${metadata ? ` Metadata: ${cell(metadata)}` : ''} | ${cell(remedy)} |`,
  )
  .join('\n')}`,
  ].join('\n\n')

const cell = (text: string) => text.replaceAll('\n', ' ').replaceAll('|', '\\|')
