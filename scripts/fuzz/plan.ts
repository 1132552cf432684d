/** What `hooks.py` is told, as JSON. */
export type Plan = {
  /** Of the gateway. */
  url: string
  /** Whom to sign in; nobody without it. */
  login?: { login: string; password: string }
  /** A text that stands in everything of the other user that nobody else may see. */
  canary: string
  /** Ids of what is there, of both users, by the name of the parameter that has such an id: `prompt_id`. */
  ids: Record<string, string[]>
  /** Where it writes how many answers had which status. */
  counts: string
}
