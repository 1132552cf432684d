import { Migration } from '@mikro-orm/migrations'
import { DROP_MAKE_CASE, MAKE_CASE } from './20261128030000-judges.ts'

/** For databases that have had judges since before these came with the trigger. */
export class KindsOfOlderReplicas extends Migration {
  override up() {
    this.addSql(MAKE_CASE)
  }

  override down() {
    this.addSql(DROP_MAKE_CASE)
  }
}
