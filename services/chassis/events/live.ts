import type { Broker } from './broker.ts'

/** Milliseconds that others have to answer. */
const ANSWER_MS = 500

/**
 * What the replicas of a service tell each other on core NATS, below the subject of the catalogue's `LIVE`. It is kept nowhere: while NATS
 * does not answer, and for whoever does not listen, it is lost.
 */
export type Live = {
  publish(subject: string, data: Uint8Array): void
  /** Gives what is published to `take`. Undefined while NATS has never answered: ask again later. Returns how to end. */
  subscribe(subject: string, take: (data: Uint8Array) => void): (() => void) | undefined
  /** Answers requests. Likewise. */
  respond(subject: string, answer: () => Uint8Array): (() => void) | undefined
  /** Asks who responds; undefined when nobody does. */
  ask(subject: string): Promise<Uint8Array | undefined>
}

export function createLive(broker: Broker): Live {
  const connected = () => {
    try {
      return broker.connection()
    } catch {
      return undefined
    }
  }
  const listen = (
    subject: string,
    callback: (message: { data: Uint8Array; respond(data: Uint8Array): void }) => void,
  ) => {
    const subscription = connected()?.subscribe(subject, {
      callback: (error, message) => {
        if (!error) callback({ data: message.data, respond: (data) => void message.respond(data) })
      },
    })
    return subscription && (() => subscription.unsubscribe())
  }
  return {
    // A connection that is lost would keep what is published, without a limit, until it is back.
    publish: (subject, data) => {
      if (broker.isConnected()) broker.connection().publish(subject, data)
    },
    subscribe: (subject, take) => listen(subject, ({ data }) => take(data)),
    respond: (subject, answer) => listen(subject, ({ respond }) => respond(answer())),
    ask: async (subject) => {
      if (!broker.isConnected()) return undefined
      const asking = broker.connection().request(subject, new Uint8Array(), { timeout: ANSWER_MS })
      return (await asking.catch(() => undefined))?.data
    },
  }
}
