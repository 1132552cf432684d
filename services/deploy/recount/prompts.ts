import { Comparing, type Finding } from './finding.ts'
import { NAME_OF_USER } from './names.ts'
import type { Stores, Version } from './stores.ts'

type Prompt = {
  id: string
  user_id: string
  username: string
  title: string
  version: number
  revision: number
  visible: boolean
}
type Fact = { prompt_id: string; owner_id: string; visible: boolean; revision: number }

const PROMPTS = {
  select: `id, user_id, username, title, version, revision,
    is_public and status = 'PUBLISHED' and deleted_at is null as visible`,
  from: 'prompts',
  key: ['id'],
} as const

/** Compares every prompt with its versions, with what analytics knows of it, and with the name of its author. */
export async function recountPrompts(stores: Stores): Promise<Finding[]> {
  const versions = new Comparing('every prompt has its versions from 1 to the head, without a hole')
  const facts = new Comparing('analytics knows every prompt as it is')
  const names = new Comparing('every prompt shows its author by the present name')
  for await (const page of stores.pages<Prompt>('prompt', PROMPTS)) {
    const ids = page.map(({ id }) => id)
    const stored = Map.groupBy(await stores.versionsOf(ids), ({ promptId }) => promptId)
    const known = new Map((await factsOf(stores, ids)).map((fact) => [fact.prompt_id, fact]))
    const owners = new Map((await ownersOf(stores, page)).map(({ id, username }) => [id, username]))
    for (const prompt of page) {
      versions.count(wrongVersions(prompt, stored.get(prompt.id) ?? []))
      facts.count(wrongFact(prompt, known.get(prompt.id)))
      const name = owners.get(prompt.user_id)
      names.count(
        name === prompt.username ? undefined : `prompt ${prompt.id} shows ${prompt.username}, whose name is ${name}`,
      )
    }
  }
  return [versions, facts, names]
}

const factsOf = ({ query }: Stores, ids: string[]) =>
  query<Fact>(
    'analytics',
    'select prompt_id, owner_id, visible, revision::integer from prompt_facts where prompt_id = any ($1)',
    ids,
  )

const ownersOf = ({ query }: Stores, prompts: Prompt[]) =>
  query<{ id: string; username: string }>(
    'user',
    `select id, ${NAME_OF_USER} as username from users where id = any ($1)`,
    [...new Set(prompts.map((prompt) => prompt.user_id))],
  )

function wrongVersions({ id, version: head, title }: Prompt, own: Version[]): string | undefined {
  if (own.length !== head || own.some(({ version }, index) => version !== index + 1))
    return `prompt ${id} has ${head} versions, of which ${own.map(({ version }) => version).join(',')} are stored`
  return own.at(-1)!.title === title ? undefined : `the head of prompt ${id} is not its last version`
}

function wrongFact({ id, user_id: ownerId, visible, revision }: Prompt, fact: Fact | undefined): string | undefined {
  const agrees = fact?.owner_id === ownerId && fact.visible === visible && fact.revision === revision
  return agrees ? undefined : `prompt ${id} is at revision ${revision}, and known to analytics at ${fact?.revision}`
}
