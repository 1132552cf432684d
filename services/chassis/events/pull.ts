import { createInbox, type Msg, type MsgHdrs, nanos, type NatsConnection } from '@nats-io/transport-node'

/** A message as it was delivered to a consumer, and what the consumer can say of it to JetStream. */
export type Delivery = {
  subject: string
  data: Uint8Array
  headers: MsgHdrs | undefined
  stream: string
  streamSequence: number
  /** How often it has been delivered, this time included. */
  deliveryCount: number
  /** It was handled. */
  ack(): void
  /** It is to come again, after so many milliseconds. Default: at once. */
  nak(milliseconds?: number): void
  /** It is being worked on: its time to be acknowledged begins anew. */
  working(): void
  /** It is not to come again. */
  term(reason: string): void
}

/** Takes messages of one durable consumer. */
export type Pull = {
  /**
   * Asks for up to so many messages within so many milliseconds, and returns when they have come or the time is over. Throws when JetStream
   * refuses, or does not say that the time is over.
   */
  request(messages: number, milliseconds: number): Promise<void>
  /** Whether it can take no more, because NATS has refused its subscription. */
  isClosed(): boolean
  close(): void
}

/** Milliseconds by which JetStream may be late to say that the time of a request is over. */
const LATE_MS = 1000

// The status of a request whose time is over; any other refuses it.
const TIME_IS_OVER = 408

type Request = { inbox: string; left: number } & Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'>

/**
 * Subscribes to what is delivered to `consumer` of a service, and gives each message to `take`. All requests share one subscription. With
 * the client's `fetch` each has its own, which ends by the client's clock when no sign of life was read for a second: what JetStream
 * delivers to it then is dropped, and comes again only when its time to be acknowledged is over.
 */
export function openPull(
  connection: NatsConnection,
  {
    service,
    stream,
    consumer,
    take,
  }: { service: string; stream: string; consumer: string; take: (delivery: Delivery) => void },
): Pull {
  const inbox = createInbox(`_INBOX.${service}`)
  let count = 0
  let current: Request | undefined
  const subscription = connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error) current?.reject(error)
      else if (!message.subject.startsWith(inbox)) {
        take(deliveryOf(message))
        if (current && --current.left === 0) current.resolve()
      } else if (message.subject === current?.inbox) endRequest(current, message.headers)
    },
  })
  return {
    request: async (messages, milliseconds) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      current = { inbox: `${inbox}.${++count}`, left: messages, resolve, reject }
      const isLate = () => reject(new Error('JetStream does not say that the time of a request is over'))
      const timer = setTimeout(isLate, milliseconds + LATE_MS)
      try {
        const request = JSON.stringify({ batch: messages, expires: nanos(milliseconds) })
        connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, request, { reply: current.inbox })
        await promise
      } finally {
        clearTimeout(timer)
      }
    },
    isClosed: () => subscription.isClosed(),
    close: () => subscription.unsubscribe(),
  }
}

function endRequest({ resolve, reject }: Request, status: MsgHdrs | undefined) {
  if (status?.code === TIME_IS_OVER) resolve()
  else reject(new Error(`JetStream refuses a request for messages: ${status?.code} ${status?.description}`))
}

function deliveryOf(message: Msg): Delivery {
  const { subject, data, headers, reply } = message
  // $JS.ACK.<stream>.<consumer>.<deliveries>.<sequence in the stream>.…; since NATS 2.14 domain and account may precede the stream.
  const tokens = reply!.split('.')
  const [stream, , deliveryCount, streamSequence] = tokens.slice(tokens.length === 9 ? 2 : 4)
  return {
    subject,
    data,
    headers,
    stream: stream!,
    streamSequence: Number(streamSequence),
    deliveryCount: Number(deliveryCount),
    ack: () => void message.respond('+ACK'),
    nak: (milliseconds) =>
      void message.respond(milliseconds ? `-NAK ${JSON.stringify({ delay: nanos(milliseconds) })}` : '-NAK'),
    working: () => void message.respond('+WPI'),
    term: (reason) => void message.respond(`+TERM ${reason}`),
  }
}
