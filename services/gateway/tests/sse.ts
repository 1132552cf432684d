/** Opens a stream over REST. `messages` are the JSON of its server-sent events, each as soon as it is there; `leave` closes it. */
export async function openEvents(url: string, requestHeaders: Record<string, string> = {}) {
  const caller = new AbortController()
  const { status, headers, body } = await fetch(url, { headers: requestHeaders, signal: caller.signal })
  return { status, headers, messages: readMessages(body!), leave: () => caller.abort() }
}

/** Throws for what is not an event of one `data` line: the gateway writes no others. */
async function* readMessages(body: ReadableStream<Uint8Array>): AsyncGenerator<any, void, void> {
  let rest = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + text).split('\n\n')
    rest = frames.pop()!
    for (const frame of frames) {
      const [, json] = /^data: (.*)$/.exec(frame) ?? []
      if (json === undefined) throw new Error(`not a server-sent event: ${frame}`)
      yield JSON.parse(json)
    }
  }
  if (rest !== '') throw new Error(`the stream ends within an event: ${rest}`)
}
