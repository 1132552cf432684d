import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pause } from '#chassis/pause.ts'
import { type CompletionRequest, writeError } from '../chat/completions.ts'
import { createChatServer } from '../chat/server.ts'
import { startChat } from '../chat/start.ts'
import { bringModel } from '../infra/local-model.ts'
import { OnDemand } from './on-demand.ts'
import { passOn } from './pass-on.ts'
import { COME_AGAIN, MODEL } from './request.ts'

/** The provider's name, and its lane. */
export const LOCAL = 'local'

/** How to serve the local model. */
export type LocalOptions = {
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number
  /** Folder for its logs. */
  folder: string
  /** Milliseconds without a request after which its process ends. Default five minutes. */
  idleMs?: number
  /** Milliseconds for which a request waits for the model, before it is told to come again. Default 10,000. */
  patienceMs?: number
  /** Brings the model. */
  bring?: typeof bringModel
}

/** The local model. */
export type Local = {
  url: string
  /** Whether its process runs, or is being started. */
  running(): boolean
  stop(): Promise<void>
}

/**
 * Serves a real model that needs no key. There is nothing but a port before the first request, which has the model brought, where it is
 * absent, and a process started. Who asks before that listens waits for a while, and is then told to come again (503). The process ends when
 * nobody has asked for a while, and when this process ends.
 */
export async function startLocal(options: LocalOptions): Promise<Local> {
  const { port, folder, idleMs = 300_000, patienceMs = 10_000, bring = bringModel } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const process = new OnDemand(async (signal) => {
    const files = await bring(join(folder, 'bring.log'), signal)
    const main = join(import.meta.dirname, 'main.ts')
    return startChat({ name: 'local-model', main, port: 0, args: [files.folder, files.model], folder })
  }, idleMs)

  const complete = (asked: CompletionRequest, response: ServerResponse) => {
    if (asked.model !== MODEL) return writeError(response, 404, `there is no model ${asked.model}, but ${MODEL}`)
    const done = process.use(async (started) => {
      const waiting = new AbortController()
      const there = await Promise.race([started, pause(patienceMs, waiting.signal)]).finally(() => waiting.abort())
      if (there) await passOn(asked, response, there.url)
      else writeError(response, 503, 'the model is being brought from PyPI and npm: try again later', COME_AGAIN)
    })
    return done.catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else writeError(response, 502, `the local model cannot be used: ${(error as Error).message}`)
    })
  }
  const server = createChatServer([MODEL], complete)
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    running: () => process.running,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await process.stop()
    },
  }
}
