import type { MikroORM } from '@mikro-orm/core'

/**
 * Has MikroORM throw the driver's errors as they are. For PostgreSQL's it would append `detail` to the message, which is logged,
 * and `detail` has the row: a user's with the password's hash. For MongoDB's it would lose the name, cause and labels by which
 * `mongoFailure` knows what failed.
 */
export function keepErrors(orm: Pick<MikroORM, 'em'>): void {
  const converter = orm.em.getPlatform().getExceptionConverter()
  converter.convertException = (error) => error as ReturnType<typeof converter.convertException>
}
