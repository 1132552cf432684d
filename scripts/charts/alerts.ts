import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ruleTests } from '../monitoring/alert-cases.ts'
import { CHART, execute, ROOT } from './helm.ts'

const RULES = join(CHART, 'files/alerts.yaml')

/** Tests that say what alerts tell. */
const WRITTEN = ['alerts.promtool.yaml', 'alerts-days.promtool.yaml'].map((name) =>
  join(ROOT, 'scripts/monitoring', name),
)

/** What promtool finds wrong with the alert rules, and with their tests; a line each. */
export async function wrongRules(promtool: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'alert-rules-'))
  try {
    const files = ruleTests(RULES).map((tests, index) => {
      const file = join(folder, `cases-${index}.yaml`)
      writeFileSync(file, JSON.stringify(tests))
      return file
    })
    const runs = [
      // One alert may have several rules, which its lint does not know.
      ['check', 'rules', '--lint=none', RULES],
      ['test', 'rules', ...files, ...WRITTEN],
    ]
    const ended = await Promise.all(runs.map((args) => execute(promtool, args)))
    return ended.filter(({ code }) => code !== 0).map(({ said }) => said.trim())
  } finally {
    rmSync(folder, { recursive: true })
  }
}
