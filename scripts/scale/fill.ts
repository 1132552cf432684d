import { hash } from '@node-rs/bcrypt'
import { onDatabase } from '../processes/on-database.ts'
import { fillAnalytics } from './fill-analytics.ts'
import { fillMarketplace } from './fill-marketplace.ts'
import { fillPrompt } from './fill-prompt.ts'
import { fillTest } from './fill-test.ts'
import { fillUser } from './fill-user.ts'
import { fillVersion } from './fill-version.ts'
import { type Maker, openMaker, type Scale } from './made.ts'
import type { Size } from './sizes.ts'

/** The empty databases of a site, and what encrypts the keys of licences. */
export type Databases = {
  /** URLs of PostgreSQL, by service. */
  urls: Record<'user' | 'prompt' | 'test' | 'marketplace' | 'analytics', string>
  mongo: { url: string; name?: string }
  licenseKeySecret: string
}

/** What the generator has made, as far as callers must know it. */
export type Filled = { licenseKeys: string[]; categories: string[]; collections: Size[]; seconds: number }

/** Who is not to be kept waiting: the hash is that of a password that is known to nobody but the generator's site. */
const COST = 10

/**
 * Fills the databases of all services for so many users; no service may run meanwhile. The same number gives the same data on the same day, but for
 * passwords, keys and the ids of versions. `say` hears of each database that is full.
 */
export async function fill(
  { urls, mongo, licenseKeySecret }: Databases,
  scale: Scale,
  password: string,
  say: (line: string) => void,
): Promise<Filled> {
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  const rows = await onDatabase<{ name: string }>(urls.prompt, 'select name from categories order by name')
  const categories = rows.map(({ name }) => name)
  const passwordHash = await hash(password, { cost: COST })
  let licenseKeys: string[] = []
  let collections: Size[] = []
  const filling = async (service: keyof typeof urls, work: (maker: Maker) => Promise<void>) => {
    {
      await using maker = await openMaker(urls[service], scale)
      await work(maker)
    }
    await onDatabase(urls[service], 'vacuum analyze')
    say(`${scale.users} users: ${service} is full after ${seconds().toFixed(0)} s`)
  }
  const ended = await Promise.allSettled([
    filling('analytics', (maker) => fillAnalytics(maker, urls.analytics, categories)),
    (async () => {
      await filling('user', (maker) => fillUser(maker, passwordHash))
      await filling('prompt', (maker) => fillPrompt(maker, categories))
      await filling('marketplace', async (maker) => {
        licenseKeys = await fillMarketplace(maker, categories, licenseKeySecret)
      })
      await filling('test', (maker) => fillTest(maker, categories))
      collections = await fillVersion(urls.prompt, mongo)
      say(`${scale.users} users: version is full after ${seconds().toFixed(0)} s`)
    })(),
  ])
  for (const one of ended) if (one.status === 'rejected') throw one.reason
  return { licenseKeys, categories, collections, seconds: seconds() }
}
