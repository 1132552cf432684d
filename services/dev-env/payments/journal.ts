import { existsSync, readFileSync, truncateSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Lines that are only ever added, in a file or, without one, in memory. A line that `flushed` has confirmed survives SIGKILL and a power cut. Lines
 * that wait meanwhile are written, and synchronised, together.
 */
export class Journal<Line extends object> {
  readonly lines: Line[]
  readonly #file: FileHandle | undefined
  #waiting: string[] = []
  #written: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  private constructor(lines: Line[], file: FileHandle | undefined) {
    this.lines = lines
    this.#file = file
  }

  /** Opens the file, or makes it, and reads what it has. A last line that a killed process has not finished was never confirmed: it is removed. */
  static async open<Line extends object>(path: string | undefined): Promise<Journal<Line>> {
    if (path === undefined) return new Journal<Line>([], undefined)
    const text = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
    const end = text.lastIndexOf('\n') + 1
    if (end < text.length) truncateSync(path, end)
    const lines = text.toString('utf8', 0, end).split('\n').slice(0, -1)
    return new Journal(
      lines.map((line) => JSON.parse(line) as Line),
      await open(path, 'a', 0o600),
    )
  }

  add(line: Line): void {
    this.lines.push(line)
    if (this.#file) this.#waiting.push(`${JSON.stringify(line)}\n`)
  }

  /** Resolves when all lines of now are on the disk. */
  flushed(): Promise<void> {
    if (this.#waiting.length === 0) return this.#written
    this.#next ??= this.#write(this.#written)
    return this.#next
  }

  async #write(before: Promise<void>): Promise<void> {
    await before
    const text = this.#waiting.splice(0).join('')
    this.#next = undefined
    this.#written = this.#file!.appendFile(text).then(() => this.#file!.datasync())
    await this.#written
  }
}
