/** A job of the load tool: one closed loop, `concurrency` requests always on their way. */
export type Job = {
  transport: 'grpc' | 'rest'
  /** On localhost. */
  port: number
  /** PEM texts for mutual TLS; undefined for plaintext. */
  tls: Tls | undefined
  concurrency: number
  seconds: number
  /** Sent in this order, again and again. */
  requests: Request[]
  /** Each is sent once, however long that takes. Default: they are sent for so many seconds. */
  isOnce?: true
}

/** PEM texts. */
export type Tls = { ca: string; cert: string; key: string }

/** One request, as it goes on the wire. */
export type Request = {
  /** For REST the URL's path; the verb is GET. */
  path: string
  headers: Record<string, string>
  /** The protobuf message; empty for REST. */
  body: Uint8Array
}

/** What came of a job. Only requests that succeeded count. */
export type Outcome = {
  requests: number
  /** From the first request to the last answer. */
  seconds: number
  /** Microseconds from sending to the whole answer. */
  p50: number
  p99: number
  /** Bytes of an answer's message or body, on average. */
  bytes: number
  /** How often what went wrong, by what it was. */
  errors: Record<string, number>
}

/** Sends one request, and answers with the size of its answer. Rejects with what went wrong. */
export type Send = (request: Request) => Promise<number>

/** Something to send requests with. */
export type Sender = { send: Send; close(): void }
