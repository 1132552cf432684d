import type { MongoClient } from 'mongodb'
import type { PoolUse } from './store.ts'

/** Counts from now on how much of a client's pool of `size` connections is used; the driver only tells when that changes. */
export function watchPool(client: MongoClient, size: number): () => PoolUse {
  let inUse = 0
  let waiting = 0
  client.on('connectionCheckOutStarted', () => {
    waiting += 1
  })
  client.on('connectionCheckOutFailed', () => {
    waiting -= 1
  })
  client.on('connectionCheckedOut', () => {
    waiting -= 1
    inUse += 1
  })
  client.on('connectionCheckedIn', () => {
    inUse -= 1
  })
  return () => ({ inUse, waiting, size })
}
