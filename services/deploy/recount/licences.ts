import { Comparing, type Finding } from './finding.ts'
import type { Stores } from './stores.ts'

type Licence = { id: string; state: string }

const STATE = `concat_ws(' ', prompt_id, min_version, max_version, revision`

/** Compares every licence with what the prompt service lets its buyer read. */
export async function recountLicences(stores: Stores): Promise<Finding> {
  const finding = new Comparing('the prompt service knows what each licence unlocks')
  const licences = { select: `id, ${STATE}, buyer_id, is_active) as state`, from: 'licenses', key: ['id'] } as const
  for await (const page of stores.pages<Licence>('marketplace', licences)) {
    const rows = await stores.query<Licence>(
      'prompt',
      `select license_id as id, ${STATE}, user_id, active) as state from entitlements where license_id = any ($1)`,
      page.map(({ id }) => id),
    )
    const known = new Map(rows.map(({ id, state }) => [id, state]))
    for (const { id, state } of page)
      finding.count(known.get(id) === state ? undefined : `licence ${id} is ${state}, and there ${known.get(id)}`)
  }
  return finding
}
