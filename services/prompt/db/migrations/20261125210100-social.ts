import { Migration } from '@mikro-orm/migrations'

export class Social extends Migration {
  override up() {
    this.addSql(`
      create table prompt_likes (
        id uuid primary key,
        prompt_id uuid not null references prompts (id),
        user_id uuid not null,
        created_at timestamptz(3) not null,
        constraint prompt_likes_prompt_id_user_id_key unique (prompt_id, user_id)
      );
      create index prompt_likes_user_id on prompt_likes (user_id);

      create table prompt_ratings (
        id uuid primary key,
        prompt_id uuid not null references prompts (id),
        user_id uuid not null,
        rating integer constraint prompt_ratings_rating_check check (rating >= 1 and rating <= 5),
        review text,
        created_at timestamptz(3) not null,
        username varchar(50) not null,
        updated_at timestamptz(3),
        verified_purchase boolean not null default false,
        constraint prompt_ratings_prompt_id_user_id_key unique (prompt_id, user_id),
        -- The seed lets it be null; the product never does.
        constraint prompt_ratings_seed_values_check check (rating is not null)
      );
      create index prompt_ratings_user_id on prompt_ratings (user_id);
      create index prompt_ratings_rating on prompt_ratings (rating);

      create table prompt_comments (
        id uuid primary key,
        prompt_id uuid not null references prompts (id),
        user_id uuid not null,
        username varchar(50) not null,
        content text not null constraint prompt_comments_content_check check (length(content) <= 5000),
        created_at timestamptz(3) not null,
        updated_at timestamptz(3),
        parent_id uuid references prompt_comments (id),
        deleted_at timestamptz(3)
      );
      create index prompt_comments_prompt_id on prompt_comments (prompt_id);
      create index prompt_comments_user_id on prompt_comments (user_id);
      create index prompt_comments_created_at on prompt_comments (created_at desc);`)
  }

  override down() {
    this.addSql('drop table prompt_comments; drop table prompt_ratings; drop table prompt_likes')
  }
}
