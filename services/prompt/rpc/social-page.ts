import { notFound } from '#chassis/errors.ts'
import { cutPage, pageSize, type PageTokens } from '#chassis/page-token.ts'
import { cursorOf, type Keys, type PageRow, rangeAfter } from '../db/social-page.ts'

/** Which page of which list: `scope` is the list's parameters. */
type Asked = { scope: unknown; pageSize: number; pageToken: string }

/** Reads a page of what people said of a prompt, by a statement with `pageOf`. Throws NOT_FOUND when there is no such prompt. */
export async function socialPage<Row extends PageRow<unknown>>(
  pageTokens: PageTokens,
  { scope, pageSize: requested, pageToken }: Asked,
  read: (range: ReturnType<typeof rangeAfter>) => Promise<Row[]>,
) {
  const size = pageSize(requested)
  const rows = await read(rangeAfter(pageTokens.open(scope, pageToken), size + 1))
  const [ofPrompt] = rows
  if (!ofPrompt) throw notFound('prompt')
  const filled = rows.filter((row): row is Extract<Row, Keys> => row.id !== null)
  const { page, last } = cutPage(filled, size)
  return { page, ofPrompt, nextPageToken: last ? pageTokens.seal(scope, cursorOf(last)) : '' }
}
