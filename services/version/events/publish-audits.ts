import type { Job } from '#chassis/jobs.ts'
import { EVENTS } from '#contracts/events.ts'
import { Audited } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { Deps } from '../context.ts'
import { AUDITED_COLLECTIONS, findWaiting, removePublished } from '../db/waiting-audits.ts'

/** Milliseconds between two looks. */
const EVERY_MS = 1000

/**
 * Publishes the entries of the audit log that wait in documents. Two replicas may publish one at once, under the same id. While NATS or MongoDB does not
 * answer they wait, and only the first failure is logged.
 */
export function publishAudits({ orm, publish }: Pick<Deps, 'orm' | 'publish'>): Job {
  let isFailing = false
  const publishAll = async (signal: AbortSignal) => {
    for (const name of AUDITED_COLLECTIONS) {
      for (let page; !signal.aborted && (page = await findWaiting(orm, name)).length > 0;) {
        const waiting = page.flatMap(({ audits = [] }) => audits)
        await publish(
          EVENTS.versionAudited,
          waiting.map(({ id, message, headers }) => ({ id, message: Audited.fromJSON(message), headers })),
        )
        for (const document of page) await removePublished(orm, name, document)
      }
    }
  }
  return {
    name: 'publish entries of the audit log',
    on: 'every replica',
    everyMs: EVERY_MS,
    run: async (signal) => {
      try {
        await publishAll(signal)
        isFailing = false
      } catch (error) {
        if (isFailing || signal.aborted) return
        isFailing = true
        throw error
      }
    },
  }
}
