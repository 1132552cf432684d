import { Migration } from '@mikro-orm/migrations'

/**
 * The index of lists serves lists alone, which say that they want ratings that are there: all are. With about one rating for a prompt, which most have, it
 * seemed as good as the unique key for finding one user's, and GetPrompt of a prompt with many ratings read them all. Writes of ratings wait
 * while it is made.
 */
export class RatingsForLists extends Migration {
  override up() {
    this.addSql(listIndex('where rating is not null'))
  }

  override down() {
    this.addSql(listIndex(''))
  }
}

const listIndex = (condition: string) => `
  drop index prompt_ratings_prompt_id_created_at;
  create index prompt_ratings_prompt_id_created_at on prompt_ratings (prompt_id, created_at desc, id desc) include (rating) ${condition}`
