import {
  Prompt_Status as Status,
  prompt_StatusToJSON,
  Variable,
} from '../../services/contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { Version } from '../../services/contracts/gen/promptforge/version/v1/version.ts'
import { rowKey } from './accounts.ts'
import { type Api, type Listed, Refused } from './api.ts'
import { type Author, type FindAuthor, signedIn } from './authors.ts'
import { type ExportedPrompt, versionsOf } from './exported.ts'
import { type Course, importAll } from './lanes.ts'
import type { Outcome } from './report.ts'

/** What importing an export takes. */
export type ExportImport = Course<ExportedPrompt> & { file: string; api: Api; findAuthor: FindAuthor }

/** A prompt that the account had when the import began. */
type Held = Listed & {
  /** A prompt of the file has been found to be this one. */
  isTaken: boolean
  /** The hashes of its versions, once they have been asked for. */
  hashes?: Promise<string[]>
}

/** Imports the prompts of an export with all their versions. What came of each is in the report. */
export async function importExported(prompts: ExportedPrompt[], work: ExportImport): Promise<void> {
  const accounts = new Map<string, Promise<Held[]>>()
  const heldBy = (contributor: string) => {
    const held = accounts.get(contributor) ?? listHeld(work, contributor)
    accounts.set(contributor, held)
    return held
  }
  async function* all() {
    yield* prompts
  }
  await importAll(all(), work, async (exported) => {
    const { missing, prompt } = exported
    if (missing !== undefined) throw new Refused('VERSION_MISSING', `the export has no version ${missing} of it`)
    // The id beside the name, for two PromptForges may have users of the same name.
    const contributor = `${prompt.username}@${prompt.userId}`
    return add(work, exported, contributor, await heldBy(contributor))
  })
}

async function listHeld({ api, findAuthor }: ExportImport, contributor: string): Promise<Held[]> {
  const author = await findAuthor(contributor)
  const listed = await signedIn(author, (token) => Array.fromAsync(api.prompts(token)))
  return listed.map((one) => ({ ...one, isTaken: false }))
}

/** Adds a prompt, or what is left of one that an interrupted import began. Others see none of it before its last version is there. */
async function add(work: ExportImport, exported: ExportedPrompt, contributor: string, all: Held[]): Promise<Outcome> {
  const { api, file, findAuthor } = work
  const { prompt, versions } = exported
  const author = await findAuthor(contributor)
  const found = await takeSame(exported, all, (held) => hashesOf(api, author, held))
  if (found && found.versions >= versions.length) return 'present'
  let id = found?.id
  for await (const version of versionsOf(file, exported)) {
    if (found && version.version <= found.versions) continue
    const isLast = version.version === versions.length
    if (id === undefined) {
      const created = {
        ...contentsOf(version),
        tags: prompt.tags,
        isPublic: isLast && prompt.isPublic,
        status: prompt.status === Status.PUBLISHED ? 'PUBLISHED' : 'DRAFT',
      }
      const key = rowKey(contributor, prompt.id)
      id = await signedIn(author, (token) => api.createPrompt(token, key, created))
      // A prompt cannot be created in the archive.
      if (!isLast || prompt.status !== Status.ARCHIVED) continue
    }
    const { variables, ...texts } = contentsOf(version)
    const change = {
      ...texts,
      variables: { values: variables },
      changes: version.changes,
      ...(isLast && shownAs(prompt)),
    }
    await signedIn(author, (token) => api.updatePrompt(token, id!, change))
  }
  return 'added'
}

/**
 * The prompt of the account that has the same versions; else one that has the first of them, and no others; else one that has more. No prompt
 * is found for two of the file. `versions` is how many it has.
 */
async function takeSame(
  { versions }: ExportedPrompt,
  all: Held[],
  hashesOf: (held: Held) => Promise<string[]>,
): Promise<{ id: string; versions: number } | undefined> {
  const titles = new Set(versions.map(({ title }) => title))
  const candidates = await Promise.all(
    all
      .filter(({ title, isTaken }) => !isTaken && titles.has(title))
      .map(async (held) => ({ held, hashes: await hashesOf(held) })),
  )
  const same = candidates.filter(
    ({ held, hashes }) => !held.isTaken && versions.every(({ hash }, index) => (hashes[index] ?? hash) === hash),
  )
  const [best] = same.toSorted(
    (a, b) => rank(a.hashes.length, versions.length) - rank(b.hashes.length, versions.length),
  )
  if (!best) return undefined
  best.held.isTaken = true
  return { id: best.held.id, versions: best.hashes.length }
}

const rank = (has: number, wanted: number) => (has === wanted ? 0 : has < wanted ? wanted - has : Infinity)

function hashesOf(api: Api, author: Author, held: Held): Promise<string[]> {
  held.hashes ??= signedIn(author, (token) => api.versionHashes(token, held))
  return held.hashes
}

const contentsOf = ({ title, content, description, category, model, variables }: Version) => ({
  title,
  content,
  description,
  category,
  model,
  variables: variables.map((variable) => Variable.toJSON(variable)),
})

const shownAs = ({ isPublic, status, publicFromVersion }: ExportedPrompt['prompt']) => ({
  isPublic,
  status: prompt_StatusToJSON(status),
  ...(publicFromVersion !== undefined && { publicFromVersion }),
})
