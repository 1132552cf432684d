import { statement } from '#chassis/db/statements.ts'

/** Marks a prompt as deleted: its owner's, or whoever's when `ownerId` is null. One row when there was one to delete. */
export const deletePrompt = statement<[promptId: string, ownerId: string | null], { revision: number }>(
  'delete_prompt',
  `update prompts set deleted_at = now(), revision = revision + 1
  where id = $1 and deleted_at is null and ($2::uuid is null or user_id = $2)
  returning revision`,
)
