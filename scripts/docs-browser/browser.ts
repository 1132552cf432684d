import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../services/chassis/testing/until.ts'
import { Child } from '../../services/dev-env/infra/process.ts'

/** How a page is looked at. */
export type Look = { width: number; height: number; isPhone: boolean; isDark: boolean }

/** A page in a headless Chromium. */
export type Page = {
  /** The URLs of everything that it has asked for. */
  requests: string[]
  /** What it wrote to its console as an error, refusals by its Content-Security-Policy among them. */
  errors: string[]
  /** Runs an expression in it, and answers with its value when it has one. */
  run<T>(expression: string): Promise<T>
  /** Waits until an expression is true in it. */
  see(what: string, expression: string): Promise<void>
  /** A picture of what is to be seen, PNG. */
  picture(): Promise<Buffer>
}

/** A headless Chromium. */
export type Browser = { open(url: string, look: Look): Promise<Page>; stop(): Promise<void> }

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--remote-debugging-port=0',
  '--no-first-run',
]

/** Starts the Chromium that PF_CHROMIUM names, or the system's. It ends when this process ends, however that happens. */
export async function startBrowser(): Promise<Browser> {
  const command = process.env['PF_CHROMIUM'] ?? '/usr/bin/chromium'
  if (!existsSync(command))
    throw new Error(`there is no ${command}: install Chromium (Debian: chromium), or name one in PF_CHROMIUM`)
  const profile = mkdtempSync(join(tmpdir(), 'docs-browser-'))
  const child = new Child({
    name: 'Chromium',
    command,
    args: [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'],
    logFile: join(profile, 'log'),
    env: { PATH: process.env['PATH'], HOME: profile },
  })
  const file = join(profile, 'DevToolsActivePort')
  await until('Chromium to listen', () => existsSync(file) && readFileSync(file, 'utf8').split('\n').length > 1)
  const [port = '', path = ''] = readFileSync(file, 'utf8').split('\n')
  const connection = await connect(`ws://127.0.0.1:${port}${path}`)
  return {
    open: (url, look) => openPage(connection, url, look),
    stop: async () => {
      connection.close()
      await child.stop()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

type Send = (method: string, params?: object, sessionId?: string) => Promise<any>
type Message = {
  id?: number
  method?: string
  params?: any
  result?: any
  error?: { message: string }
  sessionId?: string
}
type Connection = { send: Send; listen(listener: (message: Message) => void): void; close(): void }

/** Speaks the DevTools protocol. */
async function connect(url: string): Promise<Connection> {
  const socket = new WebSocket(url)
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const listeners: ((message: Message) => void)[] = []
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('Chromium does not take a connection')))
  })
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message
    for (const listener of listeners) listener(message)
    const asked = message.id === undefined ? undefined : waiting.get(message.id)
    if (message.error) asked?.reject(new Error(message.error.message))
    else asked?.resolve(message.result)
  })
  let last = 0
  return {
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        const id = ++last
        waiting.set(id, { resolve, reject })
        socket.send(JSON.stringify({ id, method, params, sessionId }))
      }),
    listen: (listener) => void listeners.push(listener),
    close: () => socket.close(),
  }
}

async function openPage({ send, listen }: Connection, url: string, look: Look): Promise<Page> {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
  const ask = (method: string, params?: object) => send(method, params, sessionId)
  const requests: string[] = []
  const errors: string[] = []
  listen(({ method, params, sessionId: of }) => {
    if (of !== sessionId) return
    if (method === 'Network.requestWillBeSent') requests.push(params.request.url)
    if (method === 'Log.entryAdded' && params.entry.level === 'error') errors.push(params.entry.text)
    if (method === 'Runtime.exceptionThrown') errors.push(params.exceptionDetails.text)
  })
  for (const domain of ['Network', 'Log', 'Runtime', 'Page']) await ask(`${domain}.enable`)
  const { width, height, isPhone, isDark } = look
  await ask('Emulation.setDeviceMetricsOverride', {
    width,
    height,
    mobile: isPhone,
    deviceScaleFactor: isPhone ? 2 : 1,
  })
  await ask('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }],
  })
  await ask('Page.navigate', { url })
  const run = async (expression: string) => {
    const { result, exceptionDetails } = await ask('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`)
    return result.value
  }
  return {
    requests,
    errors,
    run,
    see: async (what, expression) => void (await until(what, () => run(expression).catch(() => false))),
    picture: async () => Buffer.from((await ask('Page.captureScreenshot', { format: 'png' })).data, 'base64'),
  }
}
