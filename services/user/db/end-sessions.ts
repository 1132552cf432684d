import { bytea, uuid } from '#chassis/db/params.ts'
import { type Sql, type Statement, statement } from '#chassis/db/statements.ts'

/** Revokes what is left of a family. */
export const endFamily = statement('end_family', { familyId: uuid })<{ id: string }>(
  (p) =>
    `update refresh_tokens set revoked_at = now() where family_id = ${p.familyId} and revoked_at is null returning id`,
)

/** Revokes what is left of the family of a token, if it is this user's. */
export const endFamilyOf = statement('end_family_of', { hash: bytea, userId: uuid })<{ id: string }>(
  (p) => `update refresh_tokens set revoked_at = now()
  where family_id = (select family_id from refresh_tokens where token_hash = ${p.hash} and user_id = ${p.userId})
    and revoked_at is null
  returning id`,
)

/** Revokes what is left of a user's tokens. */
export const endAll = statement('end_sessions', { userId: uuid })<{ id: string }>(
  (p) => `update refresh_tokens set revoked_at = now() where user_id = ${p.userId} and revoked_at is null returning id`,
)

/** Revokes what is left of a user's tokens but those of one family. */
export const endOthers = statement('end_other_sessions', { userId: uuid, keptFamilyId: uuid })<{ id: string }>(
  (p) => `update refresh_tokens set revoked_at = now()
  where user_id = ${p.userId} and family_id <> ${p.keptFamilyId} and revoked_at is null
  returning id`,
)

/** Ends a family of refresh tokens. */
export const endSession = (sql: Sql, familyId: string) => repeat(sql, endFamily, { familyId })

/** Ends the family that a token belongs to, if it is this user's. */
export const endSessionOf = (sql: Sql, hash: Buffer, userId: string) => repeat(sql, endFamilyOf, { hash, userId })

/** Ends every session of a user. */
export const endAllSessions = (sql: Sql, userId: string) => repeat(sql, endAll, { userId })

/** Ends every session of a user but one. */
export const endOtherSessions = (sql: Sql, userId: string, keptFamilyId: string) =>
  repeat(sql, endOthers, { userId, keptFamilyId })

// A token that is being rotated meanwhile has a successor that the statement cannot see yet: it waits for the rotation, and the
// next run sees what came of it. When nothing was left to revoke, nothing was under way either.
async function repeat<P>(sql: Sql, query: Statement<P, { id: string }>, params: NoInfer<P>) {
  while ((await sql(query, params)).length > 0);
}
