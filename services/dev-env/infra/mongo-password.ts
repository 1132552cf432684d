import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { MongoClient } from 'mongodb'
import type { Started } from './store.ts'

/** The user who may do everything in a MongoDB of ours. */
const USER = 'promptforge'

/** MongoDB's code for a user who is there already. */
const USER_EXISTS = 51_003

/**
 * Answers with the password of a MongoDB of ours, which is kept in `<dataDir>.password`, mode 0600. Where there is none, because the
 * data are new or older than passwords, `startOpen` starts the server without authentication for as long as it takes to make the user.
 */
export async function openMongoPassword(dataDir: string, startOpen: () => Promise<Started>): Promise<string> {
  const file = `${dataDir}.password`
  if (!existsSync(file) || !existsSync(dataDir)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const password = randomBytes(18).toString('base64url')
    const { url, stop } = await startOpen()
    try {
      await setPassword(url, password)
    } finally {
      await stop()
    }
    writeFileSync(file, password, { mode: 0o600 })
  }
  return readFileSync(file, 'utf8')
}

/** The URL of our MongoDB at `host:port`: without a password while it has none. */
export function mongoUrl(address: string, password?: string): string {
  const [user, database] = password === undefined ? ['', ''] : [`${USER}:${password}@`, '&authSource=admin']
  // SecantusDB calls itself a replica set, and a driver that looks for the set's members loses the only one at a restart.
  return `mongodb://${user}${address}/?directConnection=true${database}`
}

// What an interrupted start has made is made anew.
async function setPassword(url: string, pwd: string) {
  const client = new MongoClient(url)
  try {
    const admin = client.db('admin')
    await admin.command({ createUser: USER, pwd, roles: ['root'] }).catch(async (error: { code?: unknown }) => {
      if (error.code !== USER_EXISTS) throw error
      await admin.command({ updateUser: USER, pwd })
    })
  } finally {
    await client.close()
  }
}
