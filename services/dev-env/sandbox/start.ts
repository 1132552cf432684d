import { join } from 'node:path'
import { type ChatProcess, startChat } from '../chat/start.ts'

/** The provider's name, and its lane. */
export const SANDBOX = 'sandbox'

/** A sandbox that runs, as a process of its own. */
export type Sandbox = Pick<ChatProcess, 'url' | 'stop'>

/** Starts it on a port of 127.0.0.1, 0 for a free one, with its log in `folder`. It ends when this process ends. */
export const startSandbox = (options: { port: number; folder: string }): Promise<Sandbox> =>
  startChat({ name: SANDBOX, main: join(import.meta.dirname, 'main.ts'), ...options })
