import { Tests } from './20261127180000-tests.ts'
import { Outbox } from './20261127180100-outbox.ts'
import { ProviderKeys } from './20261127230000-provider-keys.ts'
import { Suites } from './20261128000000-suites.ts'
import { Erasure } from './20261128010000-erasure.ts'
import { ProviderThrottles } from './20261128020000-provider-throttles.ts'
import { Judges } from './20261128030000-judges.ts'
import { Judgings } from './20261128040000-judgings.ts'
import { KindsOfOlderReplicas } from './20261128130000-kinds-of-older-replicas.ts'

/** Oldest first. The names are stored in the database, so they never change. */
export const migrations = [
  { name: '20261127180000-tests', class: Tests },
  { name: '20261127180100-outbox', class: Outbox },
  { name: '20261127230000-provider-keys', class: ProviderKeys },
  { name: '20261128000000-suites', class: Suites },
  { name: '20261128010000-erasure', class: Erasure },
  { name: '20261128020000-provider-throttles', class: ProviderThrottles },
  { name: '20261128030000-judges', class: Judges },
  { name: '20261128040000-judgings', class: Judgings },
  { name: '20261128130000-kinds-of-older-replicas', class: KindsOfOlderReplicas },
]
