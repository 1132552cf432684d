// `npm run test:charts`: everything that is known of the chart without a cluster. Installs the programs that it needs, runs all checks and
// closes with `N passed, N failed`. `-- --write` writes the chart's README and its list of streams instead.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { parse } from 'yaml'
import { nackCatalogue } from '../../services/broker/nack.ts'
import { Stop } from '../bootstrap/step.mjs'
import { wrongRules } from './alerts.ts'
import { type ChartServices, disagreements } from './agreement.ts'
import { CHART, execute, render, ROOT } from './helm.ts'
import { misfits } from './schemas.ts'
import { unexplained } from './score.ts'
import { installTools, type Tools } from './tools.ts'

/** Versions of Kubernetes that the chart is for: the oldest, and all that are maintained. */
const VERSIONS = ['1.30', '1.34', '1.35', '1.36', '1.37']

/** Values with every optional Secret: then everything that the code can read is rendered. */
const EVERYTHING = [
  '--set=marketplace.payments.existingSecret=payments,test.providerKeys.existingSecret=keys',
  '--set=stores.admin.existingSecret=admin,mesh.certificates.source=chart',
  '--set-json=test.providers=[{"name":"openai"}]',
]

/** What somebody could forget, and what the comparison with the code says of it. */
const FORGOTTEN: [what: string, change: string, says: string][] = [
  ['a call', 'services.version.calls={user,prompt}', 'edges of the network: the chart lacks version-to-test'],
  ['a call that is gone', 'services.prompt.calls={user,test}', 'prompt-to-test is in the chart alone'],
  [
    'a secret',
    'services.prompt.secrets.PF_VIEWER_SECRET=null',
    'PF_VIEWER_SECRET (viewerSecret): must have at least 32 characters',
  ],
  ['a port', 'services.user.port=50151', 'user: ports: the chart lacks grpc,50051'],
  ['a variable’s name', 'services.user.env.PF_BCRIPT_COST=12', 'no program reads PF_BCRIPT_COST'],
]

/** Outcome of a check: what it found, a line each, and how many tests it was. */
type Outcome = { problems: string[]; passed?: number; failed?: number }

/** What Helm does not own. */
const K8S = join(ROOT, 'k8s')

const README = join(CHART, 'README.md')

/** What NACK is to make, from the catalogue of events. */
const STREAMS = join(CHART, 'files/streams.json')

const [option] = process.argv.slice(2)
const aborter = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => aborter.abort())
try {
  const tools = await installTools(aborter.signal)
  if (option === '--write') {
    writeFileSync(README, await readmeOf(tools))
    writeFileSync(STREAMS, await streamsText())
  } else await checkAll(tools)
} catch (error) {
  process.stderr.write(`${error instanceof Stop ? error.message : (error as Error).stack}\n`)
  report(0, 1)
}

async function checkAll(tools: Tools) {
  const files = readdirSync(CHART).filter((name) => /^values-.*\.yaml$/.test(name))
  const valuesOf = (name: string) => ['-f', join(CHART, name)]
  const variants = [[], EVERYTHING, ...files.map(valuesOf)]
  const services = (parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as { services: ChartServices }).services
  const checks: [name: string, work: () => Promise<Outcome>][] = [
    ...files.map((name): (typeof checks)[number] => [
      `helm lint --strict with ${name}`,
      () => succeeds(tools.helm, ['lint', '--strict', CHART, ...valuesOf(name)]),
    ]),
    ['suites of charts/promptforge/tests', () => suites(tools)],
    [
      'agreement with the code',
      async () => ({ problems: disagreements(await render(tools.helm, EVERYTHING), services) }),
    ],
    ...FORGOTTEN.map(([what, change, says]): (typeof checks)[number] => [
      `${what} that is forgotten is noticed`,
      async () => {
        const found = disagreements(await render(tools.helm, [...EVERYTHING, '--set', change]), services)
        return { problems: found.some((line) => line.includes(says)) ? [] : [`not said: ${says}`, ...found] }
      },
    ]),
    [`schemas of Kubernetes ${VERSIONS.join(', ')}`, () => schemas(tools, variants)],
    [
      'manifests of k8s/, by the same schemas',
      async () => ({ problems: VERSIONS.flatMap((version) => misfits(tools.schemas, version, manifestsOf(K8S))) }),
    ],
    [
      'kube-score',
      async () => ({
        problems: await unexplained(tools.kubeScore, await render(tools.helm, valuesOf('values-production.yaml'))),
      }),
    ],
    [
      'alert rules, each with cases in which it fires and in which it does not',
      async () => ({ problems: await wrongRules(tools.promtool) }),
    ],
    ['README', () => isCurrent(README, readmeOf(tools))],
    ['streams and consumers of NACK', () => isCurrent(STREAMS, streamsText())],
  ]
  let [passed, failed] = [0, 0]
  for (const [name, work] of checks) {
    const begin = performance.now()
    const outcome = await work().catch((error: Error): Outcome => ({ problems: [error.message] }))
    const isGood = outcome.problems.length === 0
    const seconds = ((performance.now() - begin) / 1000).toFixed(1)
    process.stdout.write(`${isGood ? '✓' : '✗'} ${name} ${seconds} s\n`)
    for (const problem of outcome.problems) process.stdout.write(`    ${problem.replaceAll('\n', '\n    ')}\n`)
    passed += outcome.passed ?? (isGood ? 1 : 0)
    failed += outcome.failed ?? (isGood ? 0 : 1)
  }
  report(passed, failed)
}

async function succeeds(command: string, args: string[]): Promise<Outcome> {
  const { code, said } = await execute(command, args)
  return { problems: code === 0 ? [] : [said] }
}

/** helm-unittest counts its own tests. */
async function suites({ helmUnittest }: Tools): Promise<Outcome> {
  const { code, stdout, said } = await execute(helmUnittest, ['--file', 'tests/*_test.yaml', CHART])
  const [, line = ''] = /^Tests: +(.*)$/m.exec(stdout) ?? []
  const count = (what: string) => Number(new RegExp(`(\\d+) ${what}`).exec(line)?.[1] ?? 0)
  const [passed, failed] = [count('passed'), count('failed') + count('errored')]
  if (code === 0 && passed > 0) return { problems: [], passed, failed }
  return { problems: [said], passed, failed: Math.max(failed, 1) }
}

async function schemas({ helm, schemas }: Tools, variants: string[][]): Promise<Outcome> {
  const manifests: string[] = []
  for (const args of variants) manifests.push(await render(helm, args))
  return { problems: VERSIONS.flatMap((version) => misfits(schemas, version, manifests)) }
}

/** The manifests of a folder and those below it; values of charts are none. */
function manifestsOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => /(?<!\.values)\.yaml$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}

async function isCurrent(file: string, wanted: Promise<string>): Promise<Outcome> {
  const isSame = readFileSync(file, 'utf8') === (await wanted)
  return { problems: isSame ? [] : [`${file} is not current: run \`npm run test:charts -- --write\``] }
}

async function streamsText(): Promise<string> {
  return format(JSON.stringify(nackCatalogue()), { ...(await resolveConfig(STREAMS)), filepath: STREAMS })
}

async function readmeOf({ helmDocs }: Tools): Promise<string> {
  const args = ['--dry-run', '--sort-values-order', 'file', '--skip-version-footer', '--log-level', 'error']
  const { code, stdout, said } = await execute(helmDocs, [...args, '--chart-search-root', CHART])
  if (code !== 0) throw new Error(said)
  return format(stdout, { ...(await resolveConfig(README)), filepath: README })
}

/** Closes as the tests do; the line also goes to the file that PF_TEST_COUNTS names. */
function report(passed: number, failed: number) {
  const line = `${passed} passed, ${failed} failed\n`
  const { PF_TEST_COUNTS: file } = process.env
  if (file) writeFileSync(file, line)
  process.stdout.write(line)
  if (failed > 0) process.exitCode = 1
}
