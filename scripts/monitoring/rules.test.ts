import { expect, test } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { loadContract } from '../../services/contracts/contract.ts'
import { DAYS, MINUTES } from './alert-cases.ts'
import { readAlerts, readDashboards, readExpressions, RUNBOOK_URL, RUNBOOKS } from './files.ts'
import { groupedBy, selectedBy } from './promql.ts'

const alerts = readAlerts()
const dashboards = readDashboards()

/** The pages that are no alert's: what one does on purpose. */
const PROCEDURES = [
  'certificate-rotation.md',
  'key-rotation.md',
  'node-loss.md',
  'rollback.md',
  'scale.md',
  'upgrade.md',
]

/** Pages that come with the backups. */
const ELSEWHERE = ['backup.md', 'restore.md']

type RuleTests = {
  tests: {
    alert_rule_test: {
      alertname: string
      exp_alerts?: { exp_labels?: Record<string, string>; exp_annotations?: Record<string, string> }[]
    }[]
  }[]
}

const pageOf = (alert: string) =>
  `${alert
    .replace('PromptForge', '')
    .replaceAll(/\B[A-Z]/g, '-$&')
    .toLowerCase()}.md`

test.each(readExpressions())('%s is PromQL, and names its metrics', (_, expression) => {
  expect(selectedBy(expression).length).toBeGreaterThan(0)
})

test('what is not PromQL is found', () => {
  expect(() => selectedBy('sum(rate(x[5m]) by (service)')).toThrow('not PromQL')
  expect(() => selectedBy('{service="user"}')).toThrow('names no metric')
  expect(selectedBy('rate(x{a="1"}[$__rate_interval]) / on (b) y')).toEqual([
    { metric: 'x', labels: ['a'] },
    { metric: 'y', labels: [] },
  ])
})

test.each(alerts.map((alert) => [`${alert.alert} (${alert.labels['severity']})`, alert] as const))(
  '%s says what happened and what to do, and has a page',
  (_, { alert, expr, labels, annotations }) => {
    expect(Object.keys(labels)).toEqual(['severity'])
    expect(['critical', 'warning']).toContain(labels['severity'])
    expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook_url'])
    expect(annotations['runbook_url']).toBe(`${RUNBOOK_URL}${pageOf(alert)}`)
    expect(existsSync(join(RUNBOOKS, pageOf(alert)))).toBe(true)
    const known = [...selectedBy(expr).flatMap(({ labels: selected }) => selected), ...groupedBy(expr)]
    const kubernetes = ['namespace', 'pod', 'container', 'deployment', 'horizontalpodautoscaler']
    for (const [, label] of Object.values(annotations)
      .join()
      .matchAll(/\$labels\.(\w+)/g)) {
      expect([...known, ...kubernetes]).toContain(label)
    }
  },
)

test('every page is an alert’s or a procedure’s, says how to know that it is over, and is in the list of pages', () => {
  const pages = readdirSync(RUNBOOKS).filter((file) => file !== 'README.md' && !ELSEWHERE.includes(file))
  expect(pages.toSorted()).toEqual([...new Set(alerts.map(({ alert }) => pageOf(alert))), ...PROCEDURES].toSorted())
  const list = readFileSync(join(RUNBOOKS, 'README.md'), 'utf8')
  for (const page of pages) {
    expect([page, list.includes(`(${page})`)]).toEqual([page, true])
    const headings = readFileSync(join(RUNBOOKS, page), 'utf8').match(/^## .+$/gm)
    if (!PROCEDURES.includes(page)) expect([page, headings]).toEqual([page, ['## Look', '## Do', '## Over when']])
  }
})

test('a page names only files that there are', () => {
  for (const page of readdirSync(RUNBOOKS)) {
    for (const [, link] of readFileSync(join(RUNBOOKS, page), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      if (ELSEWHERE.includes(link!)) continue
      expect([page, link, existsSync(join(RUNBOOKS, link!))]).toEqual([page, link, true])
    }
  }
})

test('streams, whose time is the caller’s, make no alert of slow calls', () => {
  const { expr } = alerts.find(({ alert }) => alert === 'PromptForgeSlow')!
  const left = new RegExp(`^(?:${/method!~"([^"]+)"/.exec(expr)![1]!})$`)
  const streams = [...loadContract().methods.values()].filter(({ serverStreaming }) => serverStreaming)
  expect(streams.length).toBeGreaterThan(0)
  for (const { path } of streams) expect(path).toMatch(left)
  expect('/promptforge.prompt.v1.PromptService/GetPrompt').not.toMatch(left)
})

test.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  'the dashboard %s reads the data source that is chosen, and its panels do not overlap',
  (_, { templating, panels }) => {
    const names = templating.list.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['datasource', 'namespace']))
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const taken = new Set<string>()
    for (const { type, title, datasource, targets = [], gridPos } of panels) {
      if (type !== 'row') expect([title, datasource?.uid, targets.length > 0]).toEqual([title, '${datasource}', true])
      for (const target of targets) {
        expect(target.datasource.uid).toBe('${datasource}')
        for (const [, name] of target.expr.matchAll(/"\$(\w+)"/g)) expect(names).toContain(name)
      }
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, x < 24, taken.has(`${x} ${y}`)]).toEqual([title, true, false])
          taken.add(`${x} ${y}`)
        }
      }
    }
  },
)

test('the rule tests, which promtool runs, are about alerts and texts that there are', () => {
  const tests = ['alerts.promtool.yaml', 'alerts-days.promtool.yaml'].flatMap(
    (file) => (parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as RuleTests).tests,
  )
  for (const { alertname, exp_alerts: expected = [] } of tests.flatMap((one) => one.alert_rule_test)) {
    for (const { exp_labels: labels, exp_annotations: annotations } of [...expected, undefined].map(
      (one) => one ?? {},
    )) {
      const found = alerts.filter(
        (one) => one.alert === alertname && (labels?.['severity'] ?? one.labels['severity']) === one.labels['severity'],
      )
      expect([alertname, found.length > 0]).toEqual([alertname, true])
      if (annotations) expect(found.map((one) => one.annotations['runbook_url'])).toContain(annotations['runbook_url'])
    }
  }
})

test('every alert of each severity has as many cases in which it fires, and in which it does not, as it has rules', () => {
  const name = ({ alert, severity }: { alert: string; severity: string }) => `${alert} ${severity}`
  const rules = alerts.map(({ alert, labels }) => name({ alert, severity: labels['severity']! }))
  expect([...MINUTES, ...DAYS].map(name).toSorted()).toEqual(rules.toSorted())
})

test('dashboards have addresses of their own', () => {
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length)
})
