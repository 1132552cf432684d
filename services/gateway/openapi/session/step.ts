/**
 * One call of the session whose answers are the examples of the document. In its texts `$name` stands for what an earlier step kept.
 */
export type Step = {
  /** The operation, by its id. */
  call: string
  /** The name of the example where the operation has several. Default: `example`. */
  name?: string
  /** Who calls: the access token that was kept under this name. Absent: nobody. */
  as?: string
  path?: Record<string, string | number>
  query?: Record<string, string | number | string[]>
  headers?: Record<string, string>
  body?: unknown
  /** What it answers with. Default 200. */
  status?: number
  /** What later steps name, and every secret, which is not recorded: where it is in the answer, `prompt.id`. */
  keep?: Record<string, string>
  /** How many events of a stream are the answer. Absent: all until it ends. */
  events?: number
  /** Repeats a read until the answer has something at this place, and that is none of these. */
  until?: { place: string; not?: string[] }
  /** Members of the answer that are there or not, as it happens: `test.completedAt`. */
  varying?: string[]
}
