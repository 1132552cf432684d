import { type ListeningOptions, startListening } from '../infra/listening-process.ts'

/** A program that speaks chat completions, as a process of its own. */
export type ChatProcess = {
  url: string
  /** Resolves when it has ended. */
  exited: Promise<unknown>
  stop(): Promise<void>
}

/** Starts it, and waits until it listens. It ends when this process ends. */
export async function startChat(options: ListeningOptions): Promise<ChatProcess> {
  const { child, url } = await startListening(options)
  return { url, exited: child.exited, stop: () => child.stop() }
}
