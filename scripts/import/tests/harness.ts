import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { TestNetwork } from '../../../services/dev-env/tests/harness.ts'
import { type CollectionRow, toCsv } from './collection.ts'

/** A folder with collections and a state file, and imports of them. */
export type Desk = {
  /** Of the imports. */
  state: string
  write(name: string, content: CollectionRow[] | string): string
  /** Starts an import as a process; it never throws. */
  import(file: string, options?: { state?: string; url?: string; more?: string[] }): ReturnType<typeof spawnImport>
  clear(): void
}

/** What one finds in a list. */
export type Listed = { id: string; title: string; username: string; userId: string; tags: string[]; category: string }

/** Makes a desk for imports into a gateway. */
export function openDesk(url: string): Desk {
  const folder = mkdtempSync(join(tmpdir(), 'import-'))
  const state = join(folder, 'state.json')
  return {
    state,
    write: (name, content) => {
      const file = join(folder, name)
      writeFileSync(file, typeof content === 'string' ? content : toCsv(content))
      return file
    },
    import: (file, options = {}) =>
      spawnImport([file, '--url', options.url ?? url, '--state', options.state ?? state, ...(options.more ?? [])]),
    clear: () => rmSync(folder, { recursive: true }),
  }
}

const spawnImport = (args: string[]) =>
  execa(process.execPath, [join(import.meta.dirname, '../main.ts'), ...args], { reject: false })

/** Everything that a passer-by finds. */
export async function listAll({ rest }: TestNetwork): Promise<Listed[]> {
  const found: Listed[] = []
  let token = ''
  do {
    const { body } = await rest(`GET /v1/prompts?page_size=100&page_token=${encodeURIComponent(token)}`)
    found.push(...body.prompts)
    token = body.nextPageToken
  } while (token !== '')
  return found
}
