import { setTimeout as sleep } from 'node:timers/promises'
import { type Mesh, openMesh, type Part } from '../processes/mesh.ts'

/** Something that can go wrong. */
export type Fault = {
  /** What, and with which part: `prompt was killed`. */
  name: string
  /** Milliseconds that it lasts at the most. */
  maxMs: number
  /** Lets it happen, for so many milliseconds, and mends it. */
  strike(ms: number): Promise<void>
}

/** Milliseconds that a part is away after it was killed, is frozen, or that its network swallows packets: at the most. */
const AWAY_MS = 4000
const FROZEN_MS = 20_000
const SILENT_MS = 15_000

/** Builds PromptForge as processes of its own, with what can go wrong with each. */
export async function openChaosSite(say: (step: string) => void): Promise<Mesh & { faults: Fault[] }> {
  const mesh = await openMesh('chaos', { rateLimitFactor: 100_000, doubled: ['test'], say })
  const { nats, mongo, postgres, sandbox, payments } = mesh.site
  await payments.control.sendEventsTo(`${mesh.gateway.url}/v1/payments/webhook`)
  const stores = Object.entries({
    nats,
    mongo,
    postgres,
    'provider of models': sandbox,
    'payment provider': payments,
  }).map(([name, store]) => ({
    name: `${name} was killed`,
    maxMs: AWAY_MS,
    strike: async (ms: number) => {
      await store.stop('kill')
      await sleep(ms)
      await store.start()
    },
  }))
  return { ...mesh, faults: [...mesh.parts.flatMap(faultsOf), ...stores] }
}

const faultsOf = ({ name, kill, freeze, silence }: Part): Fault[] => [
  { name: `${name} was killed`, maxMs: AWAY_MS, strike: kill },
  { name: `${name} was frozen`, maxMs: FROZEN_MS, strike: freeze },
  ...(silence
    ? [{ name: `the network between ${name} and PostgreSQL swallowed packets`, maxMs: SILENT_MS, strike: silence }]
    : []),
]
