/**
 * Where an event stands in the order in which events arrived: by the transaction that stored it, the table (of prompts before that of
 * users), and its id there.
 */
export type Position = { xid: bigint; about: 'p' | 'u'; id: bigint }

/** Before all events that a transaction stored. */
export const startOf = (xid: bigint): Position => ({ xid, about: 'p', id: 0n })

/** Whether one place is before another. */
export function isBefore(one: Position, other: Position): boolean {
  if (one.xid !== other.xid) return one.xid < other.xid
  if (one.about !== other.about) return one.about < other.about
  return one.id < other.id
}

/** A place as callers keep it, with the time, milliseconds since 1970: `1795773600000.7512.p.93`. */
export const cursorOf = (time: number, { xid, about, id }: Position): string => `${time}.${xid}.${about}.${id}`

/** Reads a cursor, which has the form that the contract demands. */
export function readCursor(cursor: string): { time: number; position: Position } {
  const [time, xid, about, id] = cursor.split('.') as [string, string, Position['about'], string]
  return { time: Number(time), position: { xid: BigInt(xid), about, id: BigInt(id) } }
}
