import type { Schema } from '#chassis/db/orm.ts'
import { entities } from './entities.ts'
import { migrations } from './migrations/index.ts'

/** What this service stores. */
export const schema: Schema & { migrations: typeof migrations } = { entities, migrations }
