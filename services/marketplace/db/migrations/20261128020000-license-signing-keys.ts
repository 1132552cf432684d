import { Migration } from '@mikro-orm/migrations'
import { signingKeysTable } from '#chassis/signing/table.ts'

export class LicenseSigningKeys extends Migration {
  override up() {
    this.addSql(signingKeysTable('license_signing_keys'))
  }

  override down() {
    this.addSql('drop table license_signing_keys')
  }
}
