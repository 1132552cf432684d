import { loadConfig, type Schema } from '#chassis/config.ts'
import { makeCertificates } from './certificates.ts'
import { check } from './check.ts'
import { checkSchema } from './check-config.ts'
import { databasesSchema, type DeployConfig, deploySchema } from './config.ts'
import { makeDatabases } from './databases.ts'
import { type Kubernetes, openKubernetes } from './kubernetes.ts'
import { linesOf, recountInUse } from './recount/finding.ts'
import { recountSchema } from './recount/config.ts'
import { requireSecrets } from './require.ts'
import { makeSecrets } from './secrets.ts'

// A command that the jobs and tests of the chart run, most of them against the Kubernetes API of their namespace. It says what it did, a line for each thing, or
// in one line what keeps it from that, with exit code 1. `certificates` takes the names of further members: `certificates client`.
const COMMANDS: Record<string, (args: string[]) => Promise<string[]>> = {
  secrets: () => withKubernetes(deploySchema, makeSecrets),
  certificates: async (more) => {
    const { MEMBERS } = await services()
    return withKubernetes(deploySchema, (kubernetes, { mesh }) =>
      makeCertificates(kubernetes, mesh, [...MEMBERS, ...more]),
    )
  },
  check: async ([name]) => {
    const { SERVICES } = await services()
    return check(name, loadConfig(checkSchema(SERVICES)))
  },
  recount: async () => {
    const { SERVICES } = await services()
    const { stores: urls, mongoDatabase } = loadConfig(recountSchema(SERVICES))
    const [{ recount }, { openStores }] = await Promise.all([
      import('./recount/recount.ts'),
      import('./recount/stores.ts'),
    ])
    await using stores = openStores(urls, mongoDatabase)
    const findings = await recountInUse(() => recount(stores))
    if (findings.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1
    return linesOf(findings)
  },
  require: (wanted) => withKubernetes(deploySchema, (kubernetes) => requireSecrets(kubernetes, wanted)),
  databases: async () => {
    const { SERVICES } = await services()
    return withKubernetes(databasesSchema, (kubernetes, { postgres, mongo }) =>
      makeDatabases(kubernetes, SERVICES, { postgresUrl: postgres.url, mongoUrl: mongo.url, say }),
    )
  },
}

// The list loads the code of all services, which takes some time.
const services = () => import('../services.ts')

async function withKubernetes<C extends DeployConfig>(
  schema: Schema<C>,
  work: (kubernetes: Kubernetes, config: C) => Promise<string[]>,
): Promise<string[]> {
  const config = loadConfig(schema)
  const kubernetes = openKubernetes({ ...config.kubernetes, namespace: config.mesh.namespace, say })
  try {
    return await work(kubernetes, config)
  } finally {
    await kubernetes.close()
  }
}

function say(line: string) {
  process.stdout.write(`${line}\n`)
}

const [name = '', ...args] = process.argv.slice(2)
try {
  const command = COMMANDS[name]
  if (!command) throw new Error(`unknown command ${name}: use one of ${Object.keys(COMMANDS).join(', ')}`)
  for (const line of await command(args)) say(line)
} catch (error) {
  process.stderr.write(`${(error as Error).message.split('\n').join('; ')}\n`)
  process.exitCode = 1
}
