import { Migration } from '@mikro-orm/migrations'

export class SocialLists extends Migration {
  override up() {
    this.addSql(`
      create index prompt_likes_prompt_id_created_at on prompt_likes (prompt_id, created_at desc, id desc);
      create index prompt_ratings_prompt_id_created_at on prompt_ratings (prompt_id, created_at desc, id desc)
        include (rating);
      create index prompt_comments_prompt_id_created_at on prompt_comments (prompt_id, created_at desc, id desc)
        where parent_id is null;
      create index prompt_comments_parent_id_created_at on prompt_comments (parent_id, created_at desc, id desc)
        where parent_id is not null;`)
  }

  override down() {
    this.addSql(`
      drop index prompt_comments_parent_id_created_at;
      drop index prompt_comments_prompt_id_created_at;
      drop index prompt_ratings_prompt_id_created_at;
      drop index prompt_likes_prompt_id_created_at;`)
  }
}
