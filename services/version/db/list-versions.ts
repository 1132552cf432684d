import type { MikroORM } from '@mikro-orm/mongodb'
import type { VersionRange } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { ShownRow } from '../version.ts'
import { PromptVersion } from './prompt-version.entity.ts'

/** Which versions to list. */
export type ListFilter = {
  promptId: string
  /** Of these: at least one range. */
  ranges: VersionRange[]
  limit: number
  /** With content and variables. */
  isFull: boolean
}

/** Versions that are fetched at once: few of those that may be large, for not all of them may fit the page. */
const CHUNK = { basic: 101, full: 4 }

/** The newest versions first, as they are taken. */
export const listVersions = (orm: MikroORM, { promptId, ranges, limit, isFull }: ListFilter): AsyncIterable<ShownRow> =>
  orm.em.fork().stream(PromptVersion, {
    where: { promptId, $or: ranges.map(({ from, to }) => ({ version: { $gte: from, $lte: to } })) },
    orderBy: { version: 'desc' },
    limit,
    exclude: isFull ? [] : ['content', 'variables'],
    chunkSize: isFull ? CHUNK.full : CHUNK.basic,
  })
