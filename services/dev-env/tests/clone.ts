import { randomInt } from 'node:crypto'
import { type ChildProcess, spawn } from 'node:child_process'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '#chassis/testing/until.ts'
import { placesOf } from '../infra/places.ts'
import { areFree, freePort } from '../infra/ports.ts'
import { portsOf } from '../network.ts'
import { SERVICES } from '../../services.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** What a clone has, but for its packages. */
const CONTENTS = [
  'services',
  'scripts',
  'proto',
  '.npmrc',
  'package.json',
  'package-lock.json',
  'requirements.txt',
  'buf.yaml',
  'buf.gen.yaml',
]

/** An `npm start` of it. */
export type Start = {
  npm: ChildProcess
  /** What it has said so far. */
  output(): string
  /** Waits until it says that it is ready. */
  ready(): Promise<void>
  /** Where its gateway listens. */
  gatewayUrl: string
}

/** Milliseconds for a start on a busy machine. */
const READY_MS = 100_000

/** A clone of this repository at a path of its own, with data of its own. */
export type Clone = {
  root: string
  /** Its `.promptforge/`. */
  state: string
  /** Starts it as people do, on free ports. */
  start(): Promise<Start>
  /** The processes of it that are alive, with their command lines. */
  processes(): { pid: number; command: string }[]
  /** Kills what still runs, and removes it with its data. */
  remove(): Promise<void>
}

/** Copies this repository. Its packages and PostgreSQL's programs are this one's. */
export function makeClone(): Clone {
  const root = mkdtempSync(join(tmpdir(), 'clone-'))
  for (const name of CONTENTS) cpSync(join(ROOT, name), join(root, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  const { state, postgres } = placesOf(root)
  writeFileSync(join(state, 'demo-data.done'), '') // they take time, and nothing here is about them
  const { postgres: programs } = placesOf()
  const ready = readdirSync(programs).find((name) => /^postgres-[\w.-]*\d$/.test(name))
  if (ready) symlinkSync(join(programs, ready), join(postgres, ready))
  const processes = () => processesOf([root, postgres])
  return {
    root,
    state,
    processes,
    start: async () => {
      const ports = await freePorts()
      const env = { ...process.env, ...ports, PF_STORES: 'packages', PF_LOG_LEVEL: 'warn' }
      const npm = spawn('npm', ['start'], { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
      let said = ''
      for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk) => (said += String(chunk)))
      const isReady = () => {
        if (npm.exitCode !== null) throw new Error(`npm start ended: ${said}`)
        if (!said.includes('PromptForge is ready')) throw new Error(`npm start says: ${said}`)
        return true
      }
      return {
        npm,
        output: () => said,
        gatewayUrl: `http://localhost:${ports['PF_GATEWAY_PORT']}`,
        ready: async () => void (await until('npm start to be ready', isReady, READY_MS)),
      }
    },
    remove: async () => {
      for (const { pid } of processes()) killIfThere(pid)
      await until('its processes to end', () => processes().length === 0)
      for (const folder of [root, postgres]) rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePorts(): Promise<Record<string, string>> {
  const names = ['PF_GATEWAY_PORT', 'PF_GATEWAY_ADMIN_PORT', 'PF_POSTGRES_PORT', 'PF_MONGO_PORT', 'PF_NATS_PORT']
  const ports = await Promise.all(names.map(async (name) => [name, String(await freePort())]))
  return { ...Object.fromEntries(ports), PF_SERVICE_PORT: String(await freeServicePorts()) }
}

/** The first of a row of ports that are all free, below those that the system gives. */
async function freeServicePorts(): Promise<number> {
  const first = randomInt(10_000, 28_000)
  const ports = SERVICES.flatMap(({ name }) => Object.values(portsOf(name, first)))
  return (await areFree(ports)) ? first : await freeServicePorts()
}

/** Those that run in one of these folders, or are told of it. */
function processesOf(folders: string[]): { pid: number; command: string }[] {
  const isOfThem = (text: string) => folders.some((folder) => text.includes(folder))
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        const isAlive = command !== '' // a zombie has none
        return isAlive && isOfThem(`${command} ${readlinkSync(`/proc/${pid}/cwd`)}`)
          ? [{ pid: Number(pid), command }]
          : []
      } catch {
        return [] // it has ended meanwhile
      }
    })
}

function killIfThere(pid: number) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended meanwhile
  }
}
