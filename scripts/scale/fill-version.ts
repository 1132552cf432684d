import { BSON, type Document, MongoClient, UUID } from 'mongodb'
import { NIL, v7 } from 'uuid'
import { toDocument } from '../../services/version/db/documents.ts'
import { contentHash, type Held } from '../../services/version/version.ts'
import { onDatabase } from '../processes/on-database.ts'
import type { Size } from './sizes.ts'

const BATCH = 1000

type Row = Omit<Held, 'variables'> & {
  id: string
  variables: unknown[]
  user_id: string
  username: string
  version: number
  created_at: Date
  ordinal: string
  is_listed: boolean
}

const EMPTY: Size = { domain: 'prompts', table: '', rows: 0, tables: 0, toast: 0, indexes: 0 }

/** Prompts that have the label `production`: one in so many. */
export const LABELLED = 3

/**
 * Stores all versions of all prompts, as the database of the prompt service has them; earlier ones differ from the head by a sentence. One
 * prompt in three has the label `production` on its head. Answers with the sizes of the collections: the documents as they are sent, for the stand-in
 * for MongoDB stores them otherwise than MongoDB does.
 */
export async function fillVersion(promptUrl: string, mongo: { url: string; name?: string }): Promise<Size[]> {
  await using client = await MongoClient.connect(mongo.url)
  const sizes = ['prompt_versions', 'label_changes'].map((table) => ({ ...EMPTY, table }))
  const insert = async (size: Size, documents: Document[]) => {
    if (documents.length === 0) return
    for (const document of documents) size.tables += BSON.calculateObjectSize(document)
    size.rows += documents.length
    await client.db(mongo.name).collection(size.table).insertMany(documents)
  }
  for (let after: string = NIL; ;) {
    const prompts = await onDatabase<Row>(
      promptUrl,
      `select id, title, content, description, category, variables, model, user_id, username, version, created_at, ordinal,
        is_public and status = 'PUBLISHED' as is_listed
      from prompts where id > $1 order by id limit ${BATCH}`,
      after,
    )
    if (prompts.length === 0) return sizes
    await insert(sizes[0]!, prompts.flatMap(versionsOf))
    const labelled = prompts.filter(({ ordinal }) => Number(ordinal) % LABELLED === 0)
    await insert(sizes[1]!, labelled.map(labelOf))
    after = prompts.at(-1)!.id
  }
}

function versionsOf({
  id,
  user_id: userId,
  username,
  version: head,
  created_at: madeAt,
  is_listed: visible,
  ...row
}: Row) {
  const { title, content, description, category, variables, model } = row
  return Array.from({ length: head }, (_, index) => {
    const version = index + 1
    const text = version === head ? content : `${content} Edition ${version} says so.`
    const held: Held = { title, content: text, description, category, variables, model }
    const createdAt = new Date(madeAt.getTime() + index * 3_600_000)
    const versionId = v7({ msecs: createdAt.getTime() })
    const about = { version, contentHash: contentHash(held), username, changes: version === 1 ? '' : 'Shorter.' }
    return toDocument({ ...held, versionId, promptId: id, userId, ...about, createdAt, visible, headers: {} })
  })
}

const labelOf = ({ id, user_id: userId, version, created_at: createdAt }: Row) => ({
  promptId: new UUID(id),
  label: 'production',
  seq: 1,
  version,
  from: null,
  userId: new UUID(userId),
  createdAt,
})
