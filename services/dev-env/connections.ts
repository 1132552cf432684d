import { join } from 'node:path'
import { type Stores, writeConnections } from './infra/stores.ts'
import type { Network } from './network.ts'
