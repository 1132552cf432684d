import { Client, type QueryResultRow } from 'pg'

/** Runs a statement on a database and answers with its rows. */
export async function onDatabase<Row extends QueryResultRow>(
  url: string,
  text: string,
  ...values: unknown[]
): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}
