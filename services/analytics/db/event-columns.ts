import { arrayOf, jsonb, nullable, type ParamsOf, text, timestamptz, uuid } from '#chassis/db/params.ts'
import type { EventRow } from '../events/rows.ts'

/** The parameters for what every event has: an array for each column. */
export const eventColumnParams = {
  ids: arrayOf(uuid),
  times: arrayOf(timestamptz),
  types: arrayOf(text),
  usernames: arrayOf(nullable(text)),
  properties: arrayOf(nullable(jsonb)),
  once: arrayOf(nullable(text)),
}

/** Their values for these rows. */
export const eventColumns = (rows: EventRow[]): ParamsOf<typeof eventColumnParams> => ({
  ids: rows.map(({ id }) => id),
  times: rows.map(({ time }) => time.toISOString()),
  types: rows.map(({ type }) => type),
  usernames: rows.map(({ username }) => username),
  properties: rows.map(({ properties }) => properties),
  once: rows.map(({ once }) => once),
})
