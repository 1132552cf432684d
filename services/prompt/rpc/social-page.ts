import { rangeAfter } from '#chassis/db/newest-first.ts'
import { notFound } from '#chassis/errors.ts'
import { type AskedPage, type PageTokens, readPageWith } from '#chassis/page-token.ts'
import { cursorOf, type Keys, type PageRow } from '../db/social-page.ts'

/** Reads a page of what people said of a prompt, by a statement with `pageOf`. Throws NOT_FOUND when there is no such prompt. */
export const socialPage = <Row extends PageRow<unknown>>(
  pageTokens: PageTokens,
  asked: AskedPage,
  read: (range: ReturnType<typeof rangeAfter>) => Promise<Row[]>,
) =>
  readPageWith(pageTokens, asked, cursorOf, async (cursor, limit) => {
    const rows = await read(rangeAfter(cursor, limit))
    const [ofPrompt] = rows
    if (!ofPrompt) throw notFound('prompt')
    return { rows: rows.filter((row): row is Extract<Row, Keys> => row.id !== null), ofPrompt }
  })
