import { Gauge, type Registry } from 'prom-client'

/** A gauge whose value is a part of what is counted. */
export type CountedGauge<Counted> = { name: string; help: string; valueOf(counted: Counted): number }

/**
 * Gauges of what is counted when somebody asks, by `count`. Prometheus reads all of a service's metrics at once, so that one count serves
 * all of them. While `count` fails they have no value: a database that does not answer must not take the other metrics with it.
 */
export function countedGauges<Counted>(
  registry: Registry,
  count: () => Promise<Counted | undefined>,
  gauges: CountedGauge<Counted>[],
): void {
  let counting: Promise<Counted | undefined> | undefined
  const countOnce = () =>
    (counting ??= count()
      .catch(() => undefined)
      .finally(() => {
        counting = undefined
      }))
  for (const { name, help, valueOf } of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const counted = await countOnce()
        this.remove()
        if (counted !== undefined) this.set(valueOf(counted))
      },
    })
  }
}
