import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { SERVICES } from '../../services/services.ts'
import { type Callers, signIn } from '../bench/callers.ts'
import type { Tls } from '../bench/load/job.ts'
import { flagsOf } from '../processes/flags.ts'
import { readPems } from '../processes/pems.ts'
import { startServer } from '../processes/server.ts'
import { openSite } from '../processes/site.ts'
import { disagreements } from './agree.ts'
import { type Databases, fill, type Filled } from './fill.ts'
import { scaleOf } from './made.ts'
import { type Size, sizesOf } from './sizes.ts'

/** All services, on databases that are filled for so many users. */
export type ScaleSite = AsyncDisposable &
  Filled & {
    users: number
    urls: Databases['urls']
    /** As they were before anybody called. */
    sizes: Size[]
    /** gRPC ports, by service. */
    ports: Record<string, number>
    tls: Tls
    callers: Callers
  }

/** Builds a site. Throws when what was made does not agree. `say` hears of each step and may throw to give up. */
export async function openScaleSite(
  kind: 'scale' | 'scale-small',
  users: number,
  say: (step: string) => void,
): Promise<ScaleSite> {
  await using parts = new AsyncDisposableStack()
  const gateway = { port: 0, adminPort: 0, rateLimitFactor: 1, corsOrigins: [] }
  const { network, databases: all, state } = parts.use(await openSite(kind, { ports: 'free', gateway }))
  say(`${users} users: stores run`)
  const { version, ...urls } = all as Databases['urls'] & { version: string }
  const databases: Databases = {
    urls,
    mongo: { url: version },
    licenseKeySecret: network.services['marketplace']!.env['PF_LICENSE_KEY_SECRET']!,
  }
  const password = randomBytes(16).toString('base64url')
  const filled = await fill(databases, scaleOf(users), password, say)
  const wrong = await disagreements(databases)
  if (wrong.length > 0) throw new Error(`what was made for ${users} users does not agree:\n${wrong.join('\n')}`)
  say(`${users} users: all counts agree`)
  const sizes = await sizesOf(databases, filled.collections)
  const ports: Record<string, number> = {}
  const targets: Record<string, string> = {}
  for (const { name } of SERVICES) {
    const env = { ...network.services[name]!.env, ...targets }
    const command = [`services/${name}/main.ts`]
    const server = parts.use(await startServer({ name, command, env, flags: flagsOf(name), logs: state }))
    ports[name] = server.port
    targets[`PF_${name.toUpperCase()}_SERVICE`] = `dns:///localhost:${server.port}`
  }
  const client = join(network.certificates, 'client', 'current')
  const callers = parts.use(await signIn(ports['user']!, client, password))
  say(`${users} users: services run`)
  const rest = parts.move()
  const known = { users, urls, sizes, ports, callers, tls: readPems(client) }
  return { ...filled, ...known, [Symbol.asyncDispose]: () => rest.disposeAsync() }
}
