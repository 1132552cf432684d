import { Gauge, type Registry } from 'prom-client'
import type { PoolUse, Store } from './store.ts'

/** Shows how much of the pool of connections to a service's database is used. */
export function poolMetrics(registry: Registry, { poolUse }: Pick<Store, 'poolUse'>): void {
  const gauge = (name: string, help: string, valueOf: (use: PoolUse) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(valueOf(poolUse()))
      },
    })
  gauge('store_pool_in_use', 'Connections to the database on which something runs.', ({ inUse }) => inUse)
  gauge('store_pool_waiting', 'Requests that wait for a connection to the database.', ({ waiting }) => waiting)
  gauge('store_pool_size', 'Connections to the database at the most.', ({ size }) => size)
}
