import { join } from 'node:path'
import { type ChatProcess, startChat } from '../chat/start.ts'

/** The provider's name, and its lane. */
export const SANDBOX = 'sandbox'

/** A sandbox that runs, as a process of its own. */
export type Sandbox = Pick<ChatProcess, 'url' | 'stop'>

/** Where the sandbox is, and what it keeps. */
type SandboxOptions = {
  /** Of 127.0.0.1; 0: a free one. */
  port: number
  /** For its log. */
  folder: string
  /** File to which it writes a line for each call, a `NotedCall` in JSON, before it answers. Default: none. */
  journal?: string
}

/** Starts it. It ends when this process ends. */
export const startSandbox = ({ journal, ...options }: SandboxOptions): Promise<Sandbox> =>
  startChat({
    name: SANDBOX,
    main: join(import.meta.dirname, 'main.ts'),
    args: journal === undefined ? [] : [journal],
    ...options,
  })
