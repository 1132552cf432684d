import { Migration } from '@mikro-orm/migrations'

const CATEGORIES = {
  agents: 'Agents and tools',
  analysis: 'Data analysis',
  business: 'Business and strategy',
  'creative-writing': 'Creative writing',
  'customer-support': 'Customer support',
  design: 'Design',
  education: 'Teaching and learning',
  extraction: 'Extraction and classification',
  finance: 'Finance',
  games: 'Games and role play',
  health: 'Health and wellbeing',
  images: 'Images and video',
  legal: 'Legal',
  marketing: 'Marketing and sales',
  personal: 'Everyday life',
  productivity: 'Productivity',
  research: 'Research',
  science: 'Science and mathematics',
  software: 'Software development',
  summaries: 'Summaries',
  translation: 'Translation and languages',
  writing: 'Writing and editing',
}

export class CategoriesAndRanks extends Migration {
  override up() {
    const rows = Object.entries(CATEGORIES).map(([name, title]) => `('${name}', '${title}')`)
    this.addSql(`
      create table categories (
        name varchar(50) primary key,
        title varchar(100) not null,
        prompts_count integer not null default 0
      );
      insert into categories (name, title) values ${rows.join(', ')};

      create table prompt_rank (
        prompt_id uuid primary key,
        likes integer not null,
        rating float8 not null,
        comments integer not null,
        category varchar(50)
      );
      create index prompt_rank_likes on prompt_rank (likes desc, prompt_id desc);
      create index prompt_rank_rating on prompt_rank (rating desc, prompt_id desc);
      create index prompt_rank_comments on prompt_rank (comments desc, prompt_id desc);
      create index prompt_rank_category_likes on prompt_rank (category, likes desc, prompt_id desc);
      create index prompt_rank_category_rating on prompt_rank (category, rating desc, prompt_id desc);
      create index prompt_rank_category_comments on prompt_rank (category, comments desc, prompt_id desc);

      -- Prompts whose rank or category count is due to be refreshed: appended to, and emptied, so without a key.
      create table prompt_rank_due (prompt_id uuid not null);

      create function note_prompt_rank_due() returns trigger language plpgsql as $$
        begin
          insert into prompt_rank_due (prompt_id) values (new.id);
          return null;
        end $$;

      create trigger prompts_rank_due_insert after insert on prompts
        for each row execute function note_prompt_rank_due();
      create trigger prompts_rank_due_update after update on prompts
        for each row when (
          (old.likes_count, old.comments_count, old.ratings_count, old.ratings_sum,
            old.category, old.is_public, old.status, old.deleted_at)
          is distinct from
          (new.likes_count, new.comments_count, new.ratings_count, new.ratings_sum,
            new.category, new.is_public, new.status, new.deleted_at)
        ) execute function note_prompt_rank_due();`)
  }

  override down() {
    this.addSql(`
      drop trigger prompts_rank_due_update on prompts;
      drop trigger prompts_rank_due_insert on prompts;
      drop function note_prompt_rank_due();
      drop table prompt_rank_due;
      drop table prompt_rank;
      drop table categories;`)
  }
}
