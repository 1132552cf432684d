import { DELETED_USER } from '#contracts/events.ts'

/** SQL of the name by which other services show a row of `users`. */
export const NAME_OF_USER = `case when erased_at is null then username else '${DELETED_USER}' end`
