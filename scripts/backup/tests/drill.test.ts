import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from '@jest/globals'

const DRILL = join(import.meta.dirname, '../../../k8s/production/restore-drill')

/**
 * Plays the cluster: notes what it is told, and answers as $PLAY says, `<service>:<what>`: the restore of that service never ends (late), its checks
 * fail (broken), or they say that something is wrong (wrong).
 */
const KUBECTL = `#!/bin/sh
echo "$*" >>"$CALLS"
case "$1" in
  apply) cat >>"$CALLS" ;;
  delete) cat >/dev/null ;;
  wait) case "$2" in */\${PLAY%:late}-drill) exit 1 ;; esac ;;
  get) echo drill-pod ;;
  exec)
    case "$PLAY" in
      *:broken) case "$*" in *"promptforge_\${PLAY%:broken} "*) exit 2 ;; esac ;;
      *:wrong) case "$*" in *"promptforge_\${PLAY%:wrong} "*) printf 'this is wrong\\nand that\\n' ;; esac ;;
    esac
    cat >/dev/null
    ;;
esac
`

let folder: string

// As the ConfigMap has them, which kustomization.yaml makes.
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drill-'))
  writeFileSync(join(folder, 'kubectl'), KUBECTL, { mode: 0o755 })
  const files = readFileSync(join(DRILL, 'kustomization.yaml'), 'utf8').matchAll(/^ {6}- (?:(\S+)=)?(\S+)$/gm)
  for (const [, name, path] of files) copyFileSync(join(DRILL, path!), join(folder, name ?? path!))
})

afterEach(() => rmSync(folder, { recursive: true }))

async function drill(env: Record<string, string> = {}) {
  const all = {
    PATH: `${folder}:${process.env['PATH']}`,
    CALLS: join(folder, 'calls'),
    FOLDER: folder,
    BUCKET: 'my-backups',
    REGION: 'eu-central-1',
    PLAY: '',
    ...env,
  }
  const { stdout, code } = await promisify(execFile)('sh', [join(folder, 'drill.sh')], { env: all }).then(
    (done) => ({ ...done, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  )
  return { code, said: stdout, calls: readFileSync(join(folder, 'calls'), 'utf8') }
}

test('every service is restored, asked and deleted', async () => {
  const { code, said, calls } = await drill()
  expect(code).toBe(0)
  const services = ['user', 'prompt', 'test', 'marketplace', 'analytics']
  expect(said).toMatch(new RegExp(`^${services.map((name) => `${name}: restored and right, \\d+ s\n`).join('')}$`))
  for (const name of services) {
    expect(calls).toContain(`wait clusters.postgresql.cnpg.io/${name}-drill --for=condition=Ready --timeout=2h`)
    expect(calls).toContain(`serverName: ${name}-postgres`)
    expect(calls).toContain(
      `exec -i ${name}-drill-1 -c postgres -- env PGOPTIONS=-c drill.max_age='26 hours' psql -X -q -A -t -v ON_ERROR_STOP=1 -d promptforge_${name} -f -`,
    )
  }
  expect(calls).toContain('destinationPath: s3://my-backups/postgres')
  expect(calls).not.toContain('${')
  expect(calls.match(/^delete /gm)).toHaveLength(2 * services.length)
})

test('one that is not restored, cannot be asked, or is wrong fails the drill, and the others are drilled in any case', async () => {
  const late = await drill({ PLAY: 'prompt:late' })
  expect(late).toMatchObject({ code: 1, said: expect.stringContaining('prompt: it was not restored within 2h\n') })
  const broken = await drill({ PLAY: 'test:broken' })
  expect(broken).toMatchObject({ code: 1, said: expect.stringContaining('test: the checks cannot be run\n') })
  const wrong = await drill({ PLAY: 'user:wrong' })
  expect(wrong).toMatchObject({ code: 1, said: expect.stringContaining('user: this is wrong\nuser: and that\n') })
  expect(wrong.said).toMatch(/analytics: restored and right, \d+ s\nrestore drill failed: user\n$/)
})

test('Percona’s operator is asked in its own words', async () => {
  const { code, calls } = await drill({ OPERATOR: 'percona-postgres', SERVICES: 'user' })
  expect(code).toBe(0)
  expect(calls).toContain('wait perconapgclusters.pgv2.percona.com/user-drill --for=jsonpath={.status.state}=ready')
  expect(calls).toContain('exec -i drill-pod -c database')
  expect(calls).toContain('repo2-path: /postgres/user')
})
