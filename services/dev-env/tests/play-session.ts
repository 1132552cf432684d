import { setTimeout as sleep } from 'node:timers/promises'
import type { Example } from '../../gateway/openapi/examples.ts'
import type { Step } from '../../gateway/openapi/session/step.ts'

/** Where each operation of the document is: its verb and its path, by its id. */
export type Places = ReadonlyMap<string, { verb: string; path: string }>

/** A step as it was sent, and what came back. */
export type Played = { step: Step; example: Example }

/** Milliseconds for which a read is repeated until its answer has what the session waits for. */
const LONGEST_MS = 60_000

/**
 * Makes the calls of a session at a gateway, one after another. `kept` has what its steps may name beside what they keep. Throws for a step
 * that has another status than it says, or none of what is to be kept.
 */
export async function play(
  url: string,
  session: readonly Step[],
  places: Places,
  kept: Map<string, string>,
): Promise<Played[]> {
  const played: Played[] = []
  for (const step of session) {
    const place = places.get(step.call)
    if (!place) throw new Error(`the document has no operation ${step.call}: correct the session`)
    const sent = fill(step, kept)
    const token = step.as === undefined ? undefined : needed(kept, step.as)
    const answer = await patiently(step, () => send(url, place, sent, token))
    const told = `${step.call} (${step.name ?? 'example'}) was answered ${answer.status}: ${JSON.stringify(answer.answer)}`
    if (answer.status !== (step.status ?? 200)) throw new Error(told)
    for (const [name, where] of Object.entries(step.keep ?? {})) {
      const value = at(answer.answer, where)
      if (typeof value !== 'string') throw new Error(`${told}: it has no ${where}`)
      kept.set(name, value)
    }
    const { path, query, headers, body, as } = sent
    const example = { name: step.name ?? 'example', operationId: step.call, as, path, query, headers, body, ...answer }
    played.push({ step, example: JSON.parse(JSON.stringify(example)) as Example })
  }
  return played
}

type Answer = Pick<Example, 'status' | 'contentType' | 'answer'>

/** Asks until there is an answer, and in it what the step waits for. */
async function patiently({ until }: Step, ask: () => Promise<Answer>): Promise<Answer> {
  const end = Date.now() + LONGEST_MS
  for (;;) {
    const answer = await ask()
    // As the document says, it may succeed later: a loaded machine is slow to answer its own services.
    if (answer.status === 503 && Date.now() < end) {
      await sleep(1000)
      continue
    }
    const value = until && at(answer.answer, until.place)
    const isThere = !until || (value !== undefined && !until.not?.some((one) => one === value))
    if (isThere || Date.now() > end) return answer
    await sleep(100)
  }
}

async function send(
  url: string,
  { verb, path }: { verb: string; path: string },
  { path: fields = {}, query = {}, headers = {}, body, events }: Step,
  token: string | undefined,
): Promise<Answer> {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(fields[name])))
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, String(one)] as [string, string]),
    ),
  )
  const stop = new AbortController()
  const response = await fetch(`${url}${filled}${search.size > 0 ? `?${search.toString()}` : ''}`, {
    method: verb,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(LONGEST_MS)]),
  })
  const text = await readText(response, events, stop)
  const [contentType = ''] = (response.headers.get('content-type') ?? '').split(';')
  return { status: response.status, contentType, answer: contentType === 'application/json' ? JSON.parse(text) : text }
}

/** All of a body, or the first events of a stream, which is then left. */
async function readText(response: Response, events: number | undefined, stop: AbortController): Promise<string> {
  if (events === undefined || !response.body) return response.text()
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.split('\n\n').length > events) break
  }
  stop.abort()
  return text
}

function fill(step: Step, kept: Map<string, string>): Step {
  const text = JSON.stringify(step).replaceAll(/\$([a-z]\w*)/gi, (_, name: string) => needed(kept, name))
  return { ...(JSON.parse(text) as Step), keep: step.keep ?? {} }
}

function needed(kept: Map<string, string>, name: string): string {
  const value = kept.get(name)
  if (value === undefined) throw new Error(`no step before has kept ${name}: correct the session`)
  return value
}

/** What is at `a.b` of a JSON value; undefined for nothing. */
export const at = (value: unknown, place: string): unknown =>
  place.split('.').reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value)
