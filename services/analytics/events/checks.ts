import { FUTURE_HOURS } from '../months.ts'

/** A sentence about an event that can never be stored, without its content. */
export class BadEvent extends Error {
  override readonly name = 'BadEvent'
}

/** Recognises one. */
export const isBadEvent = (error: unknown): error is BadEvent => (error as Error).name === 'BadEvent'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Before the first event there can be. */
const EARLIEST = Date.UTC(2020)

/** An id as it is, or a BadEvent. */
export function uuid(what: string, value: string): string {
  if (!UUID.test(value)) throw new BadEvent(`its ${what} is not a UUID`)
  return value
}

/** The same for one that may be empty, which is null. */
export const optionalUuid = (what: string, value: string | undefined) => (value ? uuid(what, value) : null)

/** The hash of an address as it is, null when it is empty, or a BadEvent. */
export function hash(what: string, value: string): string | null {
  if (value !== '' && !/^[0-9a-f]{32}$/.test(value)) throw new BadEvent(`its ${what} is not 32 hexadecimal digits`)
  return value || null
}

/** A time at which something can have happened, or a BadEvent. */
export function moment(value: Date | undefined): Date {
  const time = value?.getTime() ?? Number.NaN
  const isPossible = time >= EARLIEST && time < Date.now() + FUTURE_HOURS * 3_600_000
  if (!isPossible) throw new BadEvent('its occurred_at is missing, or a time at which it cannot have happened')
  return value!
}

/** A text of at most `max` code points, null when it is empty, or a BadEvent. */
export function text(what: string, value: string | undefined, max: number): string | null {
  if (!value) return null
  // Code points are never more than the code units that `length` counts.
  if (value.length > max && Array.from(value).length > max)
    throw new BadEvent(`its ${what} is longer than ${max} characters`)
  if (value.includes('\0')) throw new BadEvent(`its ${what} has a NUL`)
  return value
}

/** JSON of an object, null when it is empty, or a BadEvent. JSON has no 64-bit integers: they become numbers. */
export function json(value: object): string | null {
  const encoded = JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? Number(member) : member))
  if (encoded === '{}') return null
  if (encoded.includes(String.raw`\u0000`)) throw new BadEvent('it has a NUL')
  return encoded
}
