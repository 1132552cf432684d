/** What a request with JSON takes beside its method and path. */
export type JsonRequest = {
  /** Access token or API key of who asks; nobody by default. */
  token?: string | undefined
  /** What is sent; nothing by default. */
  body?: object | undefined
  /** Milliseconds until it is given up. */
  timeoutMs?: number
}

/** What a JSON API answered. */
export type JsonAnswer = { status: number; body: any }

/** Sends a request (`GET /v1/users/me`) to the JSON API at `url`. Throws when nothing answers, or something that is no JSON. */
export async function sendJson(
  url: string,
  call: string,
  { token, body, timeoutMs = 30_000 }: JsonRequest = {},
): Promise<JsonAnswer> {
  const [method = '', path = ''] = call.split(' ')
  const answer = await fetch(new URL(path, url), {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: Error) => {
    throw new Error(`${call}: ${url} does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}`)
  })
  const text = await answer.text()
  try {
    return { status: answer.status, body: JSON.parse(text) }
  } catch {
    throw new Error(`${call} is answered with HTTP ${answer.status}, and not with JSON: ${text.slice(0, 200)}`)
  }
}

/** Sends a request, and answers with the body of what came back. Throws, with the reason, when it was refused. */
export async function askJson(url: string, call: string, request?: JsonRequest): Promise<any> {
  const { status, body } = await sendJson(url, call, request)
  if (status >= 300) throw new Error(`${call} is answered with HTTP ${status}: ${JSON.stringify(body)}`)
  return body
}
