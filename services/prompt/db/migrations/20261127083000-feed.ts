import { Migration } from '@mikro-orm/migrations'

export class Feed extends Migration {
  override up() {
    this.addSql(`
      create index prompts_listed_user_id_created_at on prompts (user_id, created_at desc, id desc)
        where is_public and status = 'PUBLISHED' and deleted_at is null`)
  }

  override down() {
    this.addSql('drop index prompts_listed_user_id_created_at')
  }
}
