import { type Statement, valuesOf } from '../db/statements.ts'

/** Runs SQL past the service. */
type Querying = { query<Row>(text: string): Promise<Row[]> }

/** A node of a plan, as EXPLAIN prints it in JSON. */
export type PlanNode = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  /** The mean of its loops. */
  'Actual Rows': number
  'Actual Loops': number
  /** Pages of tables and indexes that were looked at, with those of its children. */
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: PlanNode[]
}

/**
 * Runs a statement and answers with all nodes of the plan that it ran by; what it writes is taken back. `generic` is the plan
 * that a prepared statement comes to after five runs, `custom` the one made for these values.
 */
export async function planOf<Params>(
  { query }: Querying,
  mode: 'generic' | 'custom',
  asked: Statement<Params, unknown>,
  params: NoInfer<Params>,
): Promise<PlanNode[]> {
  await query('begin')
  try {
    await query(`set local plan_cache_mode = force_${mode}_plan`)
    await query(`prepare asked as ${asked.text}`)
    const [row] = await query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `explain (analyze, buffers, format json) ${executing(asked, params)}`,
    )
    return nodesOf(row!['QUERY PLAN'][0]!.Plan)
  } finally {
    await query('rollback')
    await query('deallocate all')
  }
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/** SQL that executes the prepared statement `asked`. */
export function executing<Params>(asked: Statement<Params, unknown>, params: NoInfer<Params>): string {
  const values = valuesOf(asked, params)
  return values.length > 0 ? `execute asked (${values.map(literal).join(', ')})` : 'execute asked'
}

function literal(value: unknown): string {
  if (value === null) return 'null'
  if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`
  if (value instanceof Date) return `'${value.toISOString()}'`
  return quoted(Array.isArray(value) ? `{${value.map(element).join(',')}}` : String(value as string | number | boolean))
}

const element = (value: unknown) =>
  value === null
    ? 'null'
    : `"${String(value as string | number | bigint | boolean).replaceAll(/["\\]/g, String.raw`\$&`)}"`

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
