import { Migration } from '@mikro-orm/migrations'

/**
 * The index of lists serves lists alone, which say that they want likes of any time: all are. With about one like for a prompt, it seemed as good
 * as the unique key for finding one user's, and GetPrompt and UnlikePrompt of a prompt with many likes read them all. Writes of likes wait
 * while it is made.
 */
export class LikesForLists extends Migration {
  override up() {
    this.addSql(listIndex(`where created_at > '-infinity'`))
  }

  override down() {
    this.addSql(listIndex(''))
  }
}

const listIndex = (condition: string) => `
  drop index prompt_likes_prompt_id_created_at;
  create index prompt_likes_prompt_id_created_at on prompt_likes (prompt_id, created_at desc, id desc) ${condition}`
