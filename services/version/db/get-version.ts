import { UUID } from 'mongodb'
import type { FullRow } from '../version.ts'
import { NOT_SHOWN, toFullRow, type Versions } from './documents.ts'

/** One version, by the driver: GetVersion is a hot path. */
export async function getVersion(versions: Versions, promptId: string, version: number): Promise<FullRow | undefined> {
  const found = await versions.findOne({ promptId: new UUID(promptId), version }, { projection: NOT_SHOWN })
  return found ? toFullRow(found) : undefined
}
