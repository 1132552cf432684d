import { Type } from '@mikro-orm/mongodb'
import { UUID } from 'mongodb'

/** A property that is a lower-case UUID here and a binary one (BSON subtype 4) in MongoDB; MikroORM's own would store text. */
export class BinaryUuid extends Type<string, UUID> {
  override convertToDatabaseValue(value: string): UUID {
    return new UUID(value)
  }

  override convertToJSValue(value: UUID): string {
    return value.toString()
  }
}
