import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cluster, command } from './cluster.ts'
import { until } from './disturb.ts'
import { type Images, ROOT } from './install.ts'

const PRODUCTION = join(ROOT, 'k8s/production')

/** The CronJobs of the versions' backups, in the order in which each needs the one before it. */
const CRON_JOBS = ['version-backup-full', 'version-backup-incremental', 'version-restore-drill']

/**
 * Backs the versions up and restores them in a drill, each by a Job that is made of its CronJob of `k8s/production`, and deletes all of it. Answers with
 * what the drill said. Throws with what a Job said that failed.
 */
export async function drillVersions(cluster: Cluster, images: Images): Promise<string> {
  const { namespace } = cluster
  const manifests = ['version-backup.yaml', 'version-restore-drill.yaml'].map((file) =>
    readFileSync(join(PRODUCTION, file), 'utf8')
      .replaceAll('image: IMAGE', `image: ${images.own}`)
      .replaceAll('image: mongo:8', `image: ${images.mongo}`),
  )
  const all = manifests.join('---\n')
  await command('kubectl', ['-n', namespace, 'apply', '-f', '-'], all)
  try {
    let said = ''
    for (const name of CRON_JOBS) said = await runJob(cluster, name)
    return said
  } finally {
    await command('kubectl', ['-n', namespace, 'delete', '--ignore-not-found', '--timeout=5m', '-f', '-'], all)
  }
}

type Job = { status: { conditions?: { type: string; status: string }[] } }

async function runJob({ kubectl, get }: Cluster, name: string): Promise<string> {
  const job = `proof-${name}`
  await kubectl('create', 'job', job, `--from=cronjob/${name}`)
  let ended: string | undefined
  await until(`the Job ${job} to end`, async () => {
    const { conditions = [] } = (await get<Job>('job', job)).status
    ended = conditions.find(({ type, status }) => /^(Complete|Failed)$/.test(type) && status === 'True')?.type
    return ended !== undefined
  })
  if (ended === 'Failed') {
    // It may have been one of the containers that run first.
    throw new Error(`the Job ${job} failed:\n${await kubectl('logs', `job/${job}`, '--all-containers', '--tail=5')}`)
  }
  return (await kubectl('logs', `job/${job}`)).trim()
}
