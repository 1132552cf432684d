import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { execute } from './helm.ts'

/** A finding that stays: a check's name, what it says, and why. */
type Accepted = { check: string; finds: string; why: string }

/** kube-score's answer for one object, as far as it is read. */
type Scored = {
  object_name: string
  checks:
    | { check: { id: string }; grade: number; skipped: boolean; comments: { path: string; summary: string }[] | null }[]
    | null
}

/** The grade of a check that found nothing. */
const OK = 10

/** What kube-score finds in a manifest that `score-accepted.yaml` does not explain, and what that explains in vain; a line each. */
export async function unexplained(kubeScore: string, manifest: string): Promise<string[]> {
  const accepted = parse(readFileSync(join(import.meta.dirname, 'score-accepted.yaml'), 'utf8')) as Accepted[]
  const { stdout, said } = await execute(kubeScore, ['score', '--output-format', 'json', '-'], { input: manifest })
  if (!stdout.startsWith('[')) return [`kube-score cannot read the manifest: ${said}`]
  const used = new Set<Accepted>()
  const found = (JSON.parse(stdout) as Scored[]).flatMap(({ object_name: name, checks }) =>
    (checks ?? [])
      .filter(({ grade, skipped }) => !skipped && grade < OK)
      .flatMap(({ check, comments }) =>
        (comments ?? []).map(({ path, summary }) => ({ name, check: check.id, path, summary })),
      )
      .filter(({ check, summary }) => {
        const reason = accepted.find((one) => one.check === check && one.finds === summary)
        if (reason) used.add(reason)
        return !reason
      })
      .map(({ check, path, summary }) => `${name} ${path}: ${summary} (${check})`),
  )
  const stale = accepted.filter((one) => !used.has(one))
  return [
    ...found,
    ...stale.map(({ check, finds }) => `score-accepted.yaml explains what is not found: ${finds} (${check})`),
  ]
}
