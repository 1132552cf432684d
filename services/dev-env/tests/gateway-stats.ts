import { until } from '#chassis/testing/until.ts'
import type { TestNetwork } from './harness.ts'

/** The value of the gateway's statistic whose whole name matches this expression. */
export async function stat({ gateway }: TestNetwork, name: string): Promise<number> {
  const answer = await fetch(`${gateway.adminUrl}/stats?filter=^${name}$`)
  return Number(/: (\d+)/.exec(await answer.text())?.[1])
}

/** Bytes that the gateway has allocated; it counts them every five seconds. */
export async function gatewayMemory(network: TestNetwork): Promise<number> {
  const before = await stat(network, 'server.uptime')
  await until('the gateway to count', async () => (await stat(network, 'server.uptime')) > before)
  return stat(network, 'server.memory_allocated')
}
