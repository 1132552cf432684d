import type { JetStreamApiError, JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import { headers as natsHeaders, type MsgHdrs } from '@nats-io/transport-node'
import { eventOf, STREAMS, type StreamName } from '#contracts/events.ts'
import type { Commands } from '../define-service.ts'
import type { Logger } from '../logger.ts'
import { textTable } from '../text-table.ts'
import { readMessage } from './consumer.ts'
import type { Received } from './envelope.ts'
import { type StreamAccess, withDeploy } from './stream-access.ts'
import type { Subscription } from './subscription.ts'

/** An event that a service has put aside. */
export type DeadLetter = {
  /** Its number among the dead letters of all services, by which commands name it. */
  number: number
  /** When it was put aside. */
  at: Date
  /** Who gave it up. */
  service: string
  /** Where the event was, and as what. */
  stream: StreamName
  sequence: number
  subject: string
  /** Name of the event in the catalogue; the subject when the catalogue has none. */
  event: string
  eventId: string
  reason: string
  headers: MsgHdrs
  /** Empty for the content of a prompt. */
  data: Uint8Array
}

/**
 * The dead letters of a service, or of all; the oldest first. One by one, and not by a consumer, which would wait for what somebody else retries
 * meanwhile.
 */
export async function readDeadLetters({ streams }: JetStreamManager, service = '*'): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = []
  const next_by_subj = `${STREAMS.PF_DEAD_LETTER.prefix}${service}.>`
  for (let seq = 1; ;) {
    const message = await streams
      .getMessage('PF_DEAD_LETTER', { seq, next_by_subj } as { seq: number })
      .catch(ignoreMissing)
    if (!message) return letters
    letters.push(readLetter(message))
    seq = message.seq + 1
  }
}

function readLetter({ seq, subject, data, header: headers, time }: StoredMsg): DeadLetter {
  const [service = '', ...original] = subject.slice(STREAMS.PF_DEAD_LETTER.prefix.length).split('.')
  const originalSubject = original.join('.')
  return {
    number: seq,
    at: time,
    service,
    stream: headers.get('Pf-Stream') as StreamName,
    sequence: Number(headers.get('Pf-Sequence')),
    subject: originalSubject,
    event: eventOf(originalSubject)?.name ?? originalSubject,
    eventId: headers.get('Pf-Event-Id'),
    reason: headers.get('Pf-Reason'),
    headers,
    data,
  }
}

/** A table of dead letters. */
export const letterTable = (letters: DeadLetter[], width?: number): string[] =>
  letters.length === 0
    ? ['There are no dead letters.']
    : textTable(
        ['no.', 'put aside', 'by', 'event', 'reason'],
        letters.map(({ number, at, service, event, reason }) => [String(number), minuteOf(at), service, event, reason]),
        width,
      )

const minuteOf = (at: Date) => at.toISOString().slice(0, 16).replace('T', ' ')

/** Members that name or find a person, in events: a log that has what a command says does not have them. */
const PERSONAL = new Set(['username', 'previousUsername', 'email', 'clientAddress', 'userAgent'])

/** What a dead letter is, a line for each thing. */
export function letterLines(letter: DeadLetter, width?: number): string[] {
  const { number, at, service, event, eventId, stream, sequence, reason, headers } = letter
  const facts = {
    'no.': String(number),
    'put aside': at.toISOString(),
    by: service,
    event,
    id: eventId,
    stream: `${stream} ${sequence}`,
    request: headers.get('Pf-Request-Id') || '-',
    reason,
    message: messageText(letter),
  }
  return textTable(['', ''], Object.entries(facts), width).slice(2)
}

function messageText({ subject, data }: DeadLetter): string {
  if (data.length === 0) return 'not copied: it has the content of a prompt'
  const event = eventOf(subject)
  try {
    return JSON.stringify(event!.message.toJSON(event!.message.decode(data)), (name, value: unknown) =>
      PERSONAL.has(name) && value !== '' ? '…' : value,
    )
  } catch {
    return `${data.length} bytes that cannot be read`
  }
}

/** What handles dead letters again. */
type Parts = { service: string; subscriptions: Subscription[]; log: Logger; access(): StreamAccess }

/**
 * `dead-letters list`, `… show NUMBER` and `… retry NUMBER…` or `… retry --all`. A retry hands the event to the handler of this service, and to nobody
 * else: others have handled it. One that is handled is no dead letter any more; one that is not stays what it is. It may be repeated, because an event
 * that was handled before changes nothing.
 */
export const deadLetterCommands = ({ service, subscriptions, log, access }: Parts): Commands => ({
  'dead-letters': ([verb = '', ...args]) =>
    withDeploy(access(), log, async (_, manager) => {
      const letters = await readDeadLetters(manager, service)
      switch (verb) {
        case 'list':
          return { lines: letterTable(letters) }
        case 'show':
          return { lines: chosenOf(letters, args).flatMap((letter) => [...letterLines(letter), '']) }
        case 'retry': {
          const outcomes: string[][] = []
          for (const letter of chosenOf(letters, args)) outcomes.push(await retry(letter, subscriptions, manager))
          const isFailure = outcomes.some(([, , outcome]) => outcome !== HANDLED)
          return { lines: textTable(['no.', 'event', 'outcome'], outcomes), isFailure }
        }
        default:
          throw new Error('say what to do: `dead-letters list`, `… show NUMBER`, `… retry NUMBER…` or `… retry --all`')
      }
    }),
})

/** The letters that arguments name: numbers, or `--all`. Throws, with all that there are not, when some are not there. */
export function chosenOf(letters: DeadLetter[], args: string[]): DeadLetter[] {
  if (args.length === 0)
    throw new Error('name the numbers of dead letters, as `dead-letters list` shows them, or --all')
  if (args.includes('--all')) return letters
  const missing = args.filter((arg) => !letters.some(({ number }) => String(number) === arg))
  if (missing.length > 0)
    throw new Error(`there is no dead letter ${missing.join(', ')}: it was retried, or is another service's`)
  return letters.filter(({ number }) => args.includes(String(number)))
}

const HANDLED = 'handled'

async function retry(letter: DeadLetter, subscriptions: Subscription[], { streams }: JetStreamManager) {
  const { number, event, stream } = letter
  const outcome = await (async () => {
    try {
      const received = await receivedOf(letter, streams)
      const subscription = subscriptions.find(
        ({ stream: name, events }) => name === stream && events.includes(received.event),
      )
      if (!subscription) return 'this service does not consume it any more'
      const [refusal] = await subscription.handle([received])
      return refusal ? `refused again: ${refusal.reason}` : HANDLED
    } catch (error) {
      return `failed again: ${(error as Error).message}`
    }
  })()
  if (outcome === HANDLED) await streams.deleteMessage('PF_DEAD_LETTER', number, false).catch(ignoreMissing)
  return [String(number), event, outcome]
}

/** The event as its consumer had it. Content is read where it was, if it is there still. */
async function receivedOf(letter: DeadLetter, streams: JetStreamManager['streams']): Promise<Received> {
  const { subject, eventId, stream, sequence, data } = letter
  const isContent = subject.startsWith(STREAMS.PF_PROMPT_CONTENT.prefix)
  const original = isContent ? await streams.getMessage(stream, { seq: sequence }).catch(ignoreMissing) : undefined
  if (isContent && original?.header.get('Nats-Msg-Id') !== eventId)
    throw new Error('the stream does not have its content any more: use `resync` of the prompt service')
  const headers = natsHeaders()
  for (const name of ['traceparent', 'Pf-Request-Id']) headers.set(name, letter.headers.get(name))
  if (eventId !== '') headers.set('Nats-Msg-Id', eventId)
  return readMessage({ subject, headers, data: original?.data ?? data })
}

/** JetStream's code for a message that is not there. */
const NO_MESSAGE = 10037

function ignoreMissing(error: unknown): undefined {
  const { code, message } = error as JetStreamApiError
  if (code !== NO_MESSAGE && !message.includes('no message found')) throw error
}
