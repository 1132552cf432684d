import { jetstream } from '@nats-io/jetstream'
import { v7 } from 'uuid'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import { PromptContentChanged } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { VersionCreated } from '#contracts/gen/promptforge/version/v1/version_events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { contentPayload, type Fields } from './harness.ts'

/** A real NATS, and what the tests of this service do with it. */
export async function startBroker() {
  const broker: TestBroker = await startTestBroker()
  const { consumers } = broker.manager
  const send = (data: Uint8Array, msgID = v7()) =>
    jetstream(broker.connection).publish(EVENTS.promptContentChanged.subject, data, { msgID })
  return {
    ...broker,
    send,
    /** Publishes the event of a version, as the prompt service does. */
    publish: (promptId: string, version: number, fields?: Fields) =>
      send(PromptContentChanged.encode(contentPayload(promptId, version, fields)).finish()),
    /** What was told of versions, oldest first. */
    created: async () =>
      (await broker.messages('PF_VERSION')).map(({ data, header }) => ({
        id: header.get('Nats-Msg-Id'),
        traceparent: header.get('traceparent'),
        ...VersionCreated.decode(data),
      })),
    /** Waits until everything that was published has been handled. */
    handled: () =>
      until('all versions to be handled', async () => {
        const { num_pending, num_ack_pending } = await consumers.info('PF_PROMPT_CONTENT', 'version')
        return num_pending + num_ack_pending === 0
      }),
  }
}

/** What `startBroker` answers with. */
export type Broker = Awaited<ReturnType<typeof startBroker>>
