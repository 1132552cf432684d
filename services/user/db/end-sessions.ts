import { type Sql, type Statement, statement } from '#chassis/db/statements.ts'

/** Revokes what is left of a family. */
export const endFamily = statement<[familyId: string], { id: string }>(
  'end_family',
  'update refresh_tokens set revoked_at = now() where family_id = $1 and revoked_at is null returning id',
)

/** Revokes what is left of the family of a token, if it is this user's. */
export const endFamilyOf = statement<[hash: Buffer, userId: string], { id: string }>(
  'end_family_of',
  `update refresh_tokens set revoked_at = now()
  where family_id = (select family_id from refresh_tokens where token_hash = $1 and user_id = $2) and revoked_at is null
  returning id`,
)

/** Revokes what is left of a user's tokens. */
export const endAll = statement<[userId: string], { id: string }>(
  'end_sessions',
  'update refresh_tokens set revoked_at = now() where user_id = $1 and revoked_at is null returning id',
)

/** Ends a family of refresh tokens. */
export const endSession = (sql: Sql, familyId: string) => repeat(sql, endFamily, [familyId])

/** Ends the family that a token belongs to, if it is this user's. */
export const endSessionOf = (sql: Sql, hash: Buffer, userId: string) => repeat(sql, endFamilyOf, [hash, userId])

/** Ends every session of a user. */
export const endAllSessions = (sql: Sql, userId: string) => repeat(sql, endAll, [userId])

// A token that is being rotated meanwhile has a successor that the statement cannot see yet: it waits for the rotation, and the
// next run sees what came of it. When nothing was left to revoke, nothing was under way either.
async function repeat<P extends readonly unknown[]>(sql: Sql, query: Statement<P, { id: string }>, params: P) {
  while ((await sql(query, params)).length > 0);
}
