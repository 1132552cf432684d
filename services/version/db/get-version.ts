import { UUID } from 'mongodb'
import type { FullRow } from '../version.ts'
import type { Versions } from './documents.ts'

/** One version, by the driver: GetVersion is a hot path. */
export async function getVersion(versions: Versions, promptId: string, version: number): Promise<FullRow | undefined> {
  const found = await versions.findOne({ promptId: new UUID(promptId), version }, { projection: NOT_SHOWN })
  if (!found) return undefined
  return { ...found, promptId, userId: found.userId.toString(), versionId: found.versionId.toString() }
}

const NOT_SHOWN = { _id: 0, visible: 0, headers: 0 }
