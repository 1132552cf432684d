import { Migration } from '@mikro-orm/migrations'

export class Follows extends Migration {
  override up() {
    this.addSql(`
      create table follows (
        follower_id uuid not null,
        following_id uuid not null,
        revision integer not null,
        active boolean not null,
        primary key (follower_id, following_id)
      )`)
  }

  override down() {
    this.addSql('drop table follows')
  }
}
