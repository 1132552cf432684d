import { describe, expect, test } from '@jest/globals'
import type { Statement } from '../db/statements.ts'
import type { TestDatabase } from './database.ts'
import { executing, planOf, type PlanNode } from './plan-of.ts'

/**
 * Whether a connection plans this statement once for all values: PostgreSQL makes plans for the values of five runs, and decides then. What
 * it writes is taken back.
 */
export async function isPlannedOnce<Params>(
  { query }: Pick<TestDatabase, 'query'>,
  asked: Statement<Params, unknown>,
  params: NoInfer<Params>,
): Promise<boolean> {
  await query('begin')
  try {
    await query(`prepare asked as ${asked.text}`)
    for (let run = 1; run <= 7; run += 1) await query(executing(asked, params))
    const [made] = await query<{ once: boolean }>(
      `select generic_plans = 2 as once from pg_prepared_statements where name = 'asked'`,
    )
    return made!.once
  } finally {
    await query('rollback')
    await query('deallocate all')
  }
}

/** A statement with parameters, whose plans are looked at. */
export type Asked = { name: string; plan(database: TestDatabase, mode: 'generic' | 'custom'): Promise<PlanNode[]> }

/** Asks for the plans of a statement with these parameters. */
export const asking = <Params>(query: Statement<Params, unknown>, params: NoInfer<Params>): Asked => ({
  name: query.name!,
  plan: (database, mode) => planOf(database, mode, query, params),
})

/** Declares the tests that none of these statements scans a table or sorts rows, by whichever plan. */
export function describePlans(database: () => TestDatabase, statements: Asked[]): void {
  describe.each(['generic', 'custom'] as const)('with a %s plan', (mode) => {
    test.each(statements.map(({ name, plan }) => [name, plan] as const))(
      '%s scans no table and sorts nothing',
      async (_, plan) => {
        const nodes = await plan(database(), mode)
        expect(tablesScanned(nodes)).toEqual([])
        expect(rowsSorted(nodes)).toEqual([])
      },
    )
  })
}

/** The tables that a plan reads from one end to the other. */
export const tablesScanned = (nodes: PlanNode[]) =>
  nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'])

/** How many rows each sort of a plan sorts. */
export const rowsSorted = (nodes: PlanNode[]) =>
  nodes.filter((node) => node['Node Type'].includes('Sort')).map(({ Plans }) => Plans![0]!['Actual Rows'])

/** How many pages a plan looked at, those of one that was looked at twice twice. */
export const pagesRead = ([top]: PlanNode[]) => top!['Shared Hit Blocks'] + top!['Shared Read Blocks']
