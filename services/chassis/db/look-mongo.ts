import { MongoClient } from 'mongodb'
import type { MongoConfig } from '../config.ts'
import { mongoFailure } from './mongo-failures.ts'
import { faultOf, type StoreFault } from './reach.ts'

/** Milliseconds that MongoDB has to let us in. */
const CONNECT_MS = 5000

/** MongoDB's codes for a user who is not let in: AuthenticationFailed, Unauthorized, and Atlas's own. */
const REFUSED = new Set<unknown>([13, 18, 8000])

/** Connects once, and answers with what is wrong. */
export const lookAtMongo = (options: MongoConfig['mongo']): Promise<StoreFault | undefined> =>
  faultOf(() => connect(options), explain)

async function connect({ url, database }: MongoConfig['mongo']): Promise<void> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: CONNECT_MS, connectTimeoutMS: CONNECT_MS })
  try {
    // A ping is answered without a password, too.
    await client.db(database).listCollections({}, { nameOnly: true }).toArray()
  } finally {
    await client.close()
  }
}

function explain(error: unknown): StoreFault | undefined {
  const { name, code } = error as { name?: string; code?: unknown }
  if (REFUSED.has(code))
    return { isDown: false, message: 'MongoDB refuses the user or the password: correct them in PF_MONGO_URL' }
  if (name === 'MongoParseError' || name === 'MongoInvalidArgumentError' || name === 'MongoAPIError')
    return {
      isDown: false,
      message: 'PF_MONGO_URL is no URL of a MongoDB, or has an option that there is not: correct it',
    }
  if (mongoFailure(error)?.reason !== 'DEPENDENCY_UNAVAILABLE') return undefined
  return { isDown: true, message: 'MongoDB does not answer: start it, or correct host and port in PF_MONGO_URL' }
}
