import type { MikroORM } from '@mikro-orm/mongodb'
import { UUID } from 'mongodb'
import type { LabelGateRow } from '../label-gate.ts'

/** A gate as MongoDB has it. */
type LabelGateDocument = Omit<LabelGateRow, Id> & Record<Id, UUID>

type Id = 'promptId' | 'suiteId' | 'userId'

const collection = (orm: MikroORM) => orm.em.getConnection().getDb().collection<LabelGateDocument>('label_gates')

/** The gate of a label: always as MongoDB has it, for another replica may have set it a moment ago. */
export async function findGate(orm: MikroORM, promptId: string, label: string): Promise<LabelGateRow | undefined> {
  const found = await collection(orm).findOne({ promptId: new UUID(promptId), label }, { projection: { _id: 0 } })
  if (!found) return undefined
  const { promptId: _, suiteId, userId, ...rest } = found
  return { ...rest, promptId, suiteId: suiteId.toString(), userId: userId.toString() }
}

/** Sets the gate of a label, in the place of the one that it had. */
export async function putGate(orm: MikroORM, { promptId, label, suiteId, userId, setAt }: LabelGateRow): Promise<void> {
  await collection(orm).updateOne(
    { promptId: new UUID(promptId), label },
    { $set: { suiteId: new UUID(suiteId), userId: new UUID(userId), setAt } },
    { upsert: true },
  )
}

/** Removes the gate of a label. Whether there was one. */
export async function deleteGate(orm: MikroORM, promptId: string, label: string): Promise<boolean> {
  const { deletedCount } = await collection(orm).deleteOne({ promptId: new UUID(promptId), label })
  return deletedCount > 0
}
