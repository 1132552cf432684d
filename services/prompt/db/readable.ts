/**
 * Who may read a prompt, as SQL conditions on a row of `prompts`. `prompt.ts` has the same rules in TypeScript, for what has been read
 * already; `tests/readability.test.ts` holds the two together, row by row.
 */

/** The row is in lists for everyone. `isListed` is the same. */
export const isListed = (row: string) =>
  `(${row}.is_public and ${row}.status = 'PUBLISHED' and ${row}.deleted_at is null)`

/** A reader, whose id is the SQL `readerId`, may read some version of the row. `accessTo` says which. */
export const isReadableBy = (row: string, readerId: string) => `(
    ${row}.deleted_at is null and ${row}.user_id = ${readerId}
    or ${row}.deleted_at is null and ${row}.status <> 'DRAFT' and ${row}.is_public
    or ${isLicensedTo(row, readerId)})`

/**
 * A reader may see the row itself, and with it the likes, ratings and comments: what GetPrompt shows. A deleted prompt is not shown to
 * those who may still read versions of it. `isShownTo` is the same.
 */
export const isShownTo = (row: string, readerId: string) =>
  `(${row}.deleted_at is null and ${isReadableBy(row, readerId)})`

/** A reader has a valid licence for some version of the row. */
export const isLicensedTo = (row: string, readerId: string) => `exists (select ${validLicences(row, readerId)})`

/** A user holds or held a licence for the row, valid or not. */
export const hasBought = (row: string, userId: string) =>
  `exists (select from entitlements e where e.prompt_id = ${row}.id and e.user_id = ${userId})`

/** The column `licences` of Readable: the versions that each of a reader's valid licences names, none beyond the head. */
export const licencesOf = (row: string, readerId: string) => `(
    select json_agg(json_build_array(e.min_version, least(e.max_version, ${row}.version))) ${validLicences(row, readerId)}
  ) as licences`

const validLicences = (row: string, readerId: string) => `
    from entitlements e
    where e.prompt_id = ${row}.id and e.user_id = ${readerId} and ${isValidLicence('e')} and e.min_version <= ${row}.version`

/** A licence, a row of `entitlements`, is valid now. */
export const isValidLicence = (licence: string) =>
  `(${licence}.active and (${licence}.expires_at is null or ${licence}.expires_at > now()))`
