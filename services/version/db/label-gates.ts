import type { MikroORM } from '@mikro-orm/mongodb'
import { UUID } from 'mongodb'
import type { WaitingAudit } from '../audited.ts'
import type { LabelGateRow } from '../label-gate.ts'
import { NO_AUDITS, type WithAudits } from './waiting-audits.ts'

/** A gate as MongoDB has it. */
type LabelGateDocument = Omit<LabelGateRow, Id> &
  Record<Id, UUID> &
  WithAudits & {
    /** When it was removed. The document stays, for the entry of the audit log waits in it. */
    removedAt?: Date
  }

type Id = 'promptId' | 'suiteId' | 'userId'

/** What the `removedAt` of a gate is that was not removed. */
const PRESENT = { $exists: false } as const

const collection = (orm: MikroORM) => orm.em.getConnection().getDb().collection<LabelGateDocument>('label_gates')

/** The gate of a label: always as MongoDB has it, for another replica may have set it a moment ago. */
export async function findGate(orm: MikroORM, promptId: string, label: string): Promise<LabelGateRow | undefined> {
  const found = await collection(orm).findOne(
    { promptId: new UUID(promptId), label, removedAt: PRESENT },
    { projection: { _id: 0, ...NO_AUDITS } },
  )
  if (!found) return undefined
  const { promptId: _, suiteId, userId, ...rest } = found
  return { ...rest, promptId, suiteId: suiteId.toString(), userId: userId.toString() }
}

/** Sets the gate of a label, in the place of the one that it had, with its entry of the audit log. */
export async function putGate(
  orm: MikroORM,
  { promptId, label, suiteId, userId, setAt }: LabelGateRow,
  audit: WaitingAudit,
): Promise<void> {
  await collection(orm).updateOne(
    { promptId: new UUID(promptId), label },
    {
      $set: { suiteId: new UUID(suiteId), userId: new UUID(userId), setAt },
      // Entries of earlier changes may wait for longer.
      $min: { auditsSince: setAt },
      $unset: { removedAt: '' },
      $push: { audits: audit },
    },
    { upsert: true },
  )
}

/** Removes the gate of a label, with its entry of the audit log. Whether there was one. */
export async function removeGate(
  orm: MikroORM,
  { promptId, label }: Pick<LabelGateRow, 'promptId' | 'label'>,
  removedAt: Date,
  audit: WaitingAudit,
): Promise<boolean> {
  const { modifiedCount } = await collection(orm).updateOne(
    { promptId: new UUID(promptId), label, removedAt: PRESENT },
    { $set: { removedAt }, $min: { auditsSince: removedAt }, $push: { audits: audit } },
  )
  return modifiedCount > 0
}
