import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * Replaces the files that are read at `<folder>/current/` all at once: they are written to a new numbered folder beside it, and
 * `current`, a symbolic link, is set to that in one step. The folder before it stays for those who are reading it.
 */
export function publish(folder: string, files: Record<string, string>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const number = Math.max(0, ...numbers(folder)) + 1
  const target = join(folder, String(number))
  mkdirSync(target, { mode: 0o700 })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(target, name), text, { mode: 0o600 })
  const draft = join(folder, 'current.new')
  rmSync(draft, { force: true })
  symlinkSync(String(number), draft)
  renameSync(draft, join(folder, 'current'))
  for (const old of numbers(folder)) if (old < number - 1) rmSync(join(folder, String(old)), { recursive: true })
}

/** The text of a file at `<folder>/current/`; undefined when there is none. */
export function readCurrent(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, readlinkSync(join(folder, 'current')), name), 'utf8')
  } catch {
    return undefined
  }
}

const numbers = (folder: string) =>
  readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
