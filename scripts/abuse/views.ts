import { join } from 'node:path'
import { v7 } from 'uuid'
import { openBroker } from '#chassis/events/broker.ts'
import { createLogger } from '#chassis/logger.ts'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import { PromptViewsRecorded } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import type { Site } from '../processes/site.ts'

const MESSAGES = 600
const VIEWS_OF_A_MESSAGE = 256
const AT_ONCE = 50

/** How many views are published. */
export const VIEWS = MESSAGES * VIEWS_OF_A_MESSAGE

/** Publishes views as the prompt service does when much is read, with its certificate. */
export async function publishViews({ nats, network }: Site): Promise<void> {
  const certificates = join(network.certificates, 'prompt', 'current')
  const broker = openBroker({ service: 'prompt', url: nats.url, certificates }, createLogger('abuse', 'silent'))
  const js = await until('NATS to answer', () => broker.jetstream())
  const prompts = Array.from({ length: 50 }, () => ({ promptId: v7(), ownerId: v7() }))
  const publish = () =>
    js.publish(EVENTS.promptViewsRecorded.subject, PromptViewsRecorded.encode(message(prompts)).finish(), {
      msgID: v7(),
    })
  for (let sent = 0; sent < MESSAGES; sent += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, publish))
  await broker.close()
}

function message(prompts: { promptId: string; ownerId: string }[]): PromptViewsRecorded {
  const views = Array.from({ length: VIEWS_OF_A_MESSAGE }, (_, i) => {
    const { promptId, ownerId } = prompts[i % prompts.length]!
    return {
      eventId: v7(),
      promptId,
      prompt: { ownerId, visible: true, title: 'A title of an ordinary length', category: 'writing' },
      viewer: { userId: v7(), username: 'somebody' },
      occurredAt: new Date(),
    }
  })
  return PromptViewsRecorded.fromPartial({ views })
}
