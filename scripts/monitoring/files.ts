import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const ROOT = join(import.meta.dirname, '../..')
const CHART = join(ROOT, 'charts/promptforge/files')

/** The folder of the runbooks, and how annotations of alerts name it. */
export const RUNBOOKS = join(ROOT, 'k8s/runbooks')
export const RUNBOOK_URL = 'k8s/runbooks/'

/** An alert, as Prometheus's rule files have it. */
export type Alert = {
  alert: string
  expr: string
  for?: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** A dashboard of Grafana, as far as tests look at it. */
export type Dashboard = {
  uid: string
  title: string
  templating: { list: { name: string; definition?: string }[] }
  panels: Panel[]
}

/** A panel of it. Rows are panels without targets. */
export type Panel = {
  id: number
  type: string
  title: string
  datasource?: { uid: string }
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: { refId: string; expr: string; datasource: { uid: string } }[]
}

/** The alerts of the chart, in their order. */
export function readAlerts(): Alert[] {
  const { groups } = parse(readFileSync(join(CHART, 'alerts.yaml'), 'utf8')) as { groups: { rules: Alert[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

/** The dashboards of the chart. */
export const readDashboards = (): Dashboard[] =>
  readdirSync(join(CHART, 'dashboards')).map(
    (file) => JSON.parse(readFileSync(join(CHART, 'dashboards', file), 'utf8')) as Dashboard,
  )

/** Every expression of alerts and dashboards, by where it is. */
export function readExpressions(): [where: string, expression: string][] {
  const ofDashboard = ({ title, panels }: Dashboard) =>
    panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ refId, expr }) => [`${title}: ${panel.title} ${refId}`, expr] as [string, string]),
    )
  return [
    ...readAlerts().map(({ alert, labels, expr }) => [`${alert} (${labels['severity']})`, expr] as [string, string]),
    ...readDashboards().flatMap(ofDashboard),
  ]
}
