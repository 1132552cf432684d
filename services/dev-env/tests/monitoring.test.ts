import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { EXPORTERS, TARGET_LABELS } from '../../../scripts/monitoring/exporters.ts'
import { readDashboards, readExpressions } from '../../../scripts/monitoring/files.ts'
import { groupedBy, selectedBy } from '../../../scripts/monitoring/promql.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork
/** The names of our own metrics. */
let own: Set<string>
/** The names of metrics and the labels of their series; undefined where there is no series yet. */
let exposed: Map<string, Set<string> | undefined>

beforeAll(async () => {
  network = await startTestNetwork()
  const { token } = await network.signUp()
  await network.rest('POST /v1/prompts', { token, body: { title: 'A prompt', content: 'Say something' } })
  await network.processAll()
  const services = Object.values(network.services).map(({ ports }) => `http://127.0.0.1:${ports.metrics}/metrics`)
  const urls = [...services, `${network.gateway.adminUrl}/stats/prometheus`]
  const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()))
  exposed = exposedBy(texts.join('\n'))
  own = new Set(exposed.keys())
  for (const { metrics } of Object.values(EXPORTERS)) {
    for (const [name, labels] of Object.entries(metrics)) exposed.set(name, new Set([...labels, ...TARGET_LABELS]))
  }
})
afterAll(() => network.stop())

/** Reads what Prometheus reads. */
function exposedBy(text: string): typeof exposed {
  const found: typeof exposed = new Map()
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name!]
    for (const one of names) if (!found.has(one)) found.set(one, undefined)
  }
  for (const [, name, labels] of text.matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
    const known = found.get(name!) ?? new Set(TARGET_LABELS)
    for (const [, label] of labels!.matchAll(/(?:^|,)(\w+)="/g)) known.add(label!)
    found.set(name!, known)
  }
  return found
}

test.each(readExpressions())('%s reads what a service, the gateway or a known exporter exposes', (_, expression) => {
  const selected = selectedBy(expression)
  for (const { metric, labels } of selected) {
    expect([metric, exposed.has(metric)]).toEqual([metric, true])
    const known = exposed.get(metric)
    for (const label of labels) expect([metric, label, known?.has(label) ?? true]).toEqual([metric, label, true])
  }
  // What is grouped by, at least one of the metrics has, or `label_replace` makes it.
  const sets = selected.map(({ metric }) => exposed.get(metric))
  for (const label of groupedBy(expression)) {
    const isKnown = sets.some((known) => known?.has(label) ?? true) || expression.includes(`"${label}", "$1"`)
    expect([label, isKnown]).toEqual([label, true])
  }
})

test('dead letters are counted from 0: a series that began with the first would not have increased', () => {
  expect([...(exposed.get('consumer_dead_letters_total') ?? [])]).toContain('stream')
})

test('the choices of dashboards come from metrics that there are', () => {
  const definitions = readDashboards().flatMap(({ templating }) => templating.list.map(({ definition }) => definition))
  for (const definition of definitions.filter((one) => one !== undefined)) {
    const [, metric, label] = /^label_values\((\w+)[^,]*, (\w+)\)$/.exec(definition)!
    expect([metric, exposed.has(metric!)]).toEqual([metric, true])
    expect(TARGET_LABELS).toContain(label)
  }
})

test('an exporter is listed for nothing that is not read, nor for what our own parts expose', () => {
  const read = new Set(
    readExpressions().flatMap(([, expression]) => selectedBy(expression).map(({ metric }) => metric)),
  )
  for (const { metrics } of Object.values(EXPORTERS)) {
    for (const name of Object.keys(metrics)) expect([name, read.has(name), own.has(name)]).toEqual([name, true, false])
  }
})
