import type { EntityManager, EntityMetadata, EntityName } from '@mikro-orm/postgresql'
import { rowsIn } from './sql-in.ts'

/** What a row must have to be the one: columns of a value, by the names of their properties. */
type Which<E> = { readonly [K in keyof E]?: string | number | boolean }

type Statement = { name: string; text: string }

/** The statements of each entity, by the properties that they look for. */
const known = new WeakMap<EntityMetadata, Map<string, Statement>>()

/**
 * Loads an entity, locked until the transaction ends (FOR UPDATE), as it is now; null when there is none. It does what `findOne` of the EntityManager
 * does with a lock and `refresh`, by a statement that is prepared once, so it takes less of the processor here and in PostgreSQL. One that was loaded
 * before is the same object with the values of now: lock before you change, or flush your changes first. Lazy properties are not loaded.
 */
export async function lockOne<E extends object>(
  em: EntityManager,
  entity: EntityName<E>,
  which: Which<E>,
): Promise<E | null> {
  // What was made here is found.
  await em.tryFlush(entity, {})
  const [row] = await rowsIn<object>(
    em,
    lockStatement(em.getMetadata(entity), Object.keys(which)),
    Object.values(which),
  )
  return row ? em.map(entity, row) : null
}

/** The same for one that must be there. */
export async function lockOneOrFail<E extends object>(
  em: EntityManager,
  entity: EntityName<E>,
  which: Which<E>,
): Promise<E> {
  const found = await lockOne(em, entity, which)
  if (!found) throw new Error(`${em.getMetadata(entity).tableName} lacks a row that must be there`)
  return found
}

function lockStatement(meta: EntityMetadata, names: string[]): Statement {
  const statements = known.get(meta) ?? new Map<string, Statement>()
  known.set(meta, statements)
  const key = names.join()
  const statement = statements.get(key) ?? {
    name: `lock_${meta.tableName}_${statements.size}`,
    text: textOf(meta, names),
  }
  statements.set(key, statement)
  return statement
}

function textOf({ tableName, props }: EntityMetadata, names: string[]): string {
  const columns = props
    .filter(({ lazy, persist }) => !lazy && persist !== false)
    .flatMap(({ fieldNames }) => fieldNames)
  const conditions = names.map((name, index) => {
    const [column] = props.find((prop) => prop.name === name)!.fieldNames
    return `${column} = $${index + 1}`
  })
  return `select ${columns.join(', ')} from ${tableName} where ${conditions.join(' and ')} limit 1 for update`
}
