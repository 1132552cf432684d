import { headers } from '@nats-io/transport-node'
import { STREAMS } from '#contracts/events.ts'
import type { Broker } from './broker.ts'
import type { Delivery } from './pull.ts'

/** Headers of an event that its dead letter has, too. */
const CARRIED_ON = ['traceparent', 'Pf-Request-Id'] as const

/**
 * Copies a message that cannot be handled to the dead-letter stream, with the reason, and ends its delivery. Of a prompt's content
 * only the ids are copied. Throws when the copy could not be stored: then the message must come again.
 */
export async function publishDeadLetter(
  broker: Broker,
  service: string,
  message: Delivery,
  reason: string,
): Promise<void> {
  const js = broker.jetstream()
  const { stream, streamSequence } = message
  const letter = headers()
  letter.set('Pf-Reason', reason.replaceAll(/\s+/g, ' ').slice(0, 500))
  letter.set('Pf-Consumer', service)
  letter.set('Pf-Stream', stream)
  letter.set('Pf-Sequence', String(streamSequence))
  letter.set('Pf-Event-Id', message.headers?.get('Nats-Msg-Id') ?? '')
  for (const name of CARRIED_ON) letter.set(name, message.headers?.get(name) ?? '')
  const isContent = message.subject.startsWith(STREAMS.PF_PROMPT_CONTENT.prefix)
  await js.publish(`${STREAMS.PF_DEAD_LETTER.prefix}${service}.${message.subject}`, isContent ? '' : message.data, {
    headers: letter,
    msgID: `${service}.${stream}.${streamSequence}`,
  })
  message.term(reason)
}
