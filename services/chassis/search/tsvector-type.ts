import { Type } from '@mikro-orm/postgresql'

/** A `tsvector` that is stored as it is written. MikroORM's own type takes its text for a document, and makes terms of the terms. */
export class TsVector extends Type<string, string> {
  override getColumnType(): string {
    return 'tsvector'
  }
}
