import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Threads } from '#chassis/threads.ts'

/** What a thread has told until its end, and why that came early: its time was over, or it failed. */
export type TimedRun<Part> = { parts: Part[]; isLate?: boolean; failure?: unknown }

/**
 * Runs a task in a thread for at most so many milliseconds, from when it says that it begins: whatever it first posts to its `port`.
 * What it posts after that are the parts of its answer. Throws only when `signal` is aborted.
 */
export async function runTimed<Part, Task extends { port: MessagePort }>(
  threads: Threads<Task, void>,
  task: Omit<Task, 'port'>,
  { limitMs, owner, signal }: { limitMs: number; owner?: string; signal?: AbortSignal },
): Promise<TimedRun<Part>> {
  const { port1: ours, port2: port } = new MessageChannel()
  const late = new AbortController()
  const parts: Part[] = []
  let timer: NodeJS.Timeout | undefined
  const hear = (part: Part) => {
    if (timer) parts.push(part)
    else timer = setTimeout(() => late.abort(), limitMs)
  }
  ours.on('message', hear)
  const ending = signal ? AbortSignal.any([signal, late.signal]) : late.signal
  let failure: unknown
  try {
    await threads.run({ ...task, port } as Task, { owner, signal: ending, transfer: [port] })
  } catch (error) {
    failure = error
  }
  // While this thread was busy the other one may have told more than has been heard.
  for (let told = receiveMessageOnPort(ours); told; told = receiveMessageOnPort(ours)) hear(told.message as Part)
  clearTimeout(timer)
  ours.close()
  signal?.throwIfAborted()
  return late.signal.aborted ? { parts, isLate: true } : { parts, failure }
}
