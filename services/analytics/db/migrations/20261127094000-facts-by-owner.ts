import { Migration } from '@mikro-orm/migrations'

/** The prompts of an author are found by the author. */
export class FactsByOwner extends Migration {
  override up() {
    this.addSql('create index prompt_facts_owner_id on prompt_facts (owner_id)')
  }

  override down() {
    this.addSql('drop index prompt_facts_owner_id')
  }
}
