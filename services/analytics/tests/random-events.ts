import { v7 } from 'uuid'
import type { Received } from '#chassis/events/envelope.ts'
import { COUNTED, eventOf, viewsOf } from './harness.ts'

/** Some hundred events of few prompts, owners, readers and hours, in disorder, many of them more than once. */
export function someEvents(random: () => number): Received[] {
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!
  const prompts = Array.from({ length: 8 }, () => ({ about: v7(), owner: v7() }))
  const readers = Array.from({ length: 6 }, (_, n) => ({ actor: v7({ msecs: Date.now() - n * 20 * 24 * 3_600_000 }) }))
  const addresses = Array.from({ length: 3 }, (_, n) => ({ actor: '', viewerHash: `${n}`.repeat(32) }))
  const said = () => ({
    ...pick(prompts),
    ...pick([...readers, ...addresses]),
    at: new Date(Date.now() - Math.floor(random() * 60 * 24 * 3_600_000)),
  })
  let revision = 0
  const distinct = Array.from({ length: 400 }, () => {
    if (random() < 0.2) return viewsOf(Array.from({ length: Math.floor(random() * 5) }, said))
    revision += 1
    const event = pick(COUNTED)
    const about = event.happens === 'ONCE' ? { about: v7() } : {}
    const { about: promptId, ...rest } = said()
    // Nobody tests, buys or sells without an account.
    const who = ['test', 'marketplace'].includes(event.service) ? pick(readers) : {}
    const amountCents = Math.floor(random() * 10_000)
    const sale = { promptId, amountCents, feeCents: Math.floor(amountCents / 5), currency: pick(['USD', 'EUR']) }
    const more = { about: promptId, sale, revision, visible: random() < 0.5 }
    return eventOf(event, { ...rest, ...more, ...who, ...about })
  })
  const again = Array.from({ length: 400 }, () => pick(distinct))
  return [...distinct, ...again]
    .map((event) => ({ event, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ event }) => event)
}
