import type { MessageFns } from './message.ts'
import { Audited } from './gen/promptforge/audit/v1/audit.ts'
import * as marketplace from './gen/promptforge/marketplace/v1/marketplace_events.ts'
import * as prompt from './gen/promptforge/prompt/v1/prompt_events.ts'
import * as test from './gen/promptforge/test/v1/test_events.ts'
import * as user from './gen/promptforge/user/v1/user_events.ts'
import * as version from './gen/promptforge/version/v1/version_events.ts'

/** What a stream keeps. */
export type StreamLimits = {
  /** What its subjects begin with: `pf.prompt.`. */
  prefix: string
  /** Days after which a message goes, read or not. */
  days: number
  /** Bytes beyond which the oldest messages go. An alarm must come before that passes a consumer. */
  maxBytes: number
  /** It is a queue of jobs: a message goes when a worker has taken it, and a full stream refuses new ones. Default: false. */
  isQueue?: true
}

const GIB = 1024 ** 3

/** The streams. Where messages wait for their consumers; the record is each service's outbox, and of versions their documents. */
export const STREAMS = {
  PF_USER: { prefix: 'pf.user.', days: 30, maxBytes: GIB },
  PF_PROMPT: { prefix: 'pf.prompt.', days: 30, maxBytes: 4 * GIB },
  PF_PROMPT_CONTENT: { prefix: 'pf.prompt_content.', days: 7, maxBytes: 4 * GIB },
  PF_VERSION: { prefix: 'pf.version.', days: 30, maxBytes: GIB },
  PF_TEST: { prefix: 'pf.test.', days: 30, maxBytes: GIB },
  PF_TEST_JOBS: { prefix: 'pf.job.test.', days: 1, maxBytes: GIB / 16, isQueue: true },
  PF_MARKETPLACE: { prefix: 'pf.marketplace.', days: 90, maxBytes: GIB },
  PF_DEAD_LETTER: { prefix: 'pf.dlq.', days: 60, maxBytes: GIB },
} as const satisfies Record<string, StreamLimits>

/** Minutes for which a stream knows the ids of its messages: what is published again within that time, it leaves out. */
export const DUPLICATE_MINUTES = 30

/** The name of a stream. */
export type StreamName = keyof typeof STREAMS

/** What an event can be about. */
export type EventTopic =
  'audited' | 'comparison' | 'license' | 'listing' | 'prompt' | 'suiteRun' | 'test' | 'transaction' | 'user'

/** What is said of one event: everything else (streams, permissions, consumers) is derived from these. */
export type EventDefinition<T = unknown> = {
  /** Noun and fact: `prompt.created`. What analytics stores as its type. */
  name: string
  /** What its `metadata.aggregate_id` is the id of; each view of `prompt.views_recorded` has the id of its own prompt. */
  about: EventTopic
  /** The service that emits it. */
  service: string
  stream: StreamName
  /** `pf.<service>.<noun>.<fact>.v1`. */
  subject: string
  /** The subject ends with `.<aggregate id>`, so that what is about one aggregate can be purged. */
  perAggregate: boolean
  /**
   * It waits in the outbox of its service until the relay publishes it. What is in no outbox is published by the service itself: a
   * version's event before what caused it is acknowledged, an entry of the version service from the document that it changed, and views as well as
   * it can.
   */
  outbox: boolean
  /** The services that consume it. */
  consumers: readonly string[]
  /**
   * How often it can happen to what it is about, for a consumer that may hear of it under two ids, as after `resync`: once at all,
   * once at each revision, or again and again. Analytics counts once for each user, or each prompt: only what is about these can happen once.
   */
  happens: 'ONCE' | 'ONCE_A_REVISION' | 'OFTEN'
  message: MessageFns<T>
}

type Options = Partial<Pick<EventDefinition, 'stream' | 'perAggregate' | 'outbox' | 'consumers' | 'happens'>>

const event = <T>(
  service: string,
  name: string,
  about: EventTopic,
  message: MessageFns<T>,
  options: Options = {},
): EventDefinition<T> => {
  const {
    stream = `PF_${service.toUpperCase()}` as StreamName,
    perAggregate = false,
    outbox = true,
    consumers = ['analytics'],
    happens = 'OFTEN',
  } = options
  return {
    name,
    about,
    service,
    stream,
    subject: `${STREAMS[stream].prefix}${name}.v1`,
    perAggregate,
    outbox,
    consumers,
    happens,
    message,
  }
}

const content = { stream: 'PF_PROMPT_CONTENT', consumers: ['version'] } as const

/** An entry of the audit log, which analytics keeps. Each service has an event of its own, because it publishes only below its own subjects. */
const audited = (service: string, options: Options = {}) =>
  event(service, `${service}.audited`, 'audited', Audited, options)

/** The catalogue: one line for each event, consumed by analytics unless it says otherwise. */
export const EVENTS = {
  userRegistered: event('user', 'user.registered', 'user', user.UserRegistered, {
    perAggregate: true,
    happens: 'ONCE',
  }),
  userSignedIn: event('user', 'user.signed_in', 'user', user.UserSignedIn),
  userRenamed: event('user', 'user.renamed', 'user', user.UserRenamed, { consumers: ['analytics', 'prompt'] }),
  userDeactivated: event('user', 'user.deactivated', 'user', user.UserDeactivated),
  userFollowed: event('user', 'user.followed', 'user', user.UserFollowed, { consumers: ['analytics', 'prompt'] }),
  userUnfollowed: event('user', 'user.unfollowed', 'user', user.UserUnfollowed, { consumers: ['analytics', 'prompt'] }),
  userErased: event('user', 'user.erased', 'user', user.UserErased, {
    perAggregate: true,
    consumers: ['analytics', 'marketplace', 'prompt', 'test', 'version'],
    happens: 'ONCE',
  }),
  promptCreated: event('prompt', 'prompt.created', 'prompt', prompt.PromptCreated, { happens: 'ONCE' }),
  promptUpdated: event('prompt', 'prompt.updated', 'prompt', prompt.PromptUpdated, {
    consumers: ['analytics', 'marketplace'],
  }),
  promptDeleted: event('prompt', 'prompt.deleted', 'prompt', prompt.PromptDeleted, {
    consumers: ['analytics', 'marketplace'],
    happens: 'ONCE',
  }),
  promptViewsRecorded: event('prompt', 'prompt.views_recorded', 'prompt', prompt.PromptViewsRecorded, {
    outbox: false,
  }),
  promptLiked: event('prompt', 'prompt.liked', 'prompt', prompt.PromptLiked),
  promptUnliked: event('prompt', 'prompt.unliked', 'prompt', prompt.PromptUnliked),
  promptRated: event('prompt', 'prompt.rated', 'prompt', prompt.PromptRated),
  promptCommented: event('prompt', 'prompt.commented', 'prompt', prompt.PromptCommented),
  promptForked: event('prompt', 'prompt.forked', 'prompt', prompt.PromptForked),
  promptContentChanged: event('prompt', 'prompt.content_changed', 'prompt', prompt.PromptContentChanged, content),
  versionCreated: event('version', 'version.created', 'prompt', version.VersionCreated, {
    outbox: false,
    happens: 'ONCE_A_REVISION',
  }),
  testRequested: event('test', 'test.requested', 'test', test.TestRequested),
  testCompleted: event('test', 'test.completed', 'test', test.TestCompleted),
  testFailed: event('test', 'test.failed', 'test', test.TestFailed),
  comparisonCreated: event('test', 'comparison.created', 'comparison', test.ComparisonCreated),
  suiteRunFinished: event('test', 'suite_run.finished', 'suiteRun', test.SuiteRunFinished),
  listingCreated: event('marketplace', 'listing.created', 'listing', marketplace.ListingCreated),
  listingUpdated: event('marketplace', 'listing.updated', 'listing', marketplace.ListingUpdated),
  listingRemoved: event('marketplace', 'listing.removed', 'listing', marketplace.ListingRemoved),
  purchaseCompleted: event('marketplace', 'purchase.completed', 'transaction', marketplace.PurchaseCompleted),
  purchaseFailed: event('marketplace', 'purchase.failed', 'transaction', marketplace.PurchaseFailed),
  purchaseRefunded: event('marketplace', 'purchase.refunded', 'transaction', marketplace.PurchaseRefunded),
  purchaseRestored: event('marketplace', 'purchase.restored', 'transaction', marketplace.PurchaseRestored),
  licenseGranted: event('marketplace', 'license.granted', 'license', marketplace.LicenseGranted, {
    consumers: ['analytics', 'prompt'],
  }),
  licenseRevoked: event('marketplace', 'license.revoked', 'license', marketplace.LicenseRevoked, {
    consumers: ['analytics', 'prompt'],
  }),
  userAudited: audited('user'),
  versionAudited: audited('version', { outbox: false }),
  testAudited: audited('test'),
  marketplaceAudited: audited('marketplace'),
}

/**
 * The jobs: hints for workers, which take them from a queue. The subject ends with the lane, `pf.job.test.run.v1.sandbox`, and each lane has a
 * durable consumer of its name. A row of the service's database is the truth, so a hint may be lost, or come twice.
 */
export const JOBS = {
  testRun: event('test', 'run', 'test', test.TestJob, { stream: 'PF_TEST_JOBS', perAggregate: true, consumers: [] }),
}

/** The lane of tests that are run with a user's own key, whatever the provider. It is there always. */
export const OWN_KEYS_LANE = 'byok'

const ALL_JOBS: readonly EventDefinition[] = Object.values(JOBS) as EventDefinition[]

/** What the replicas of a service tell each other on core NATS, where nothing is kept: the beginning of the subjects, by service. */
export const LIVE: Readonly<Record<string, string>> = { test: 'pf.live.test.' }

/** The queues that a service takes jobs from. */
export const queuesOf = (service: string): StreamName[] =>
  ALL_JOBS.filter((job) => job.service === service).map(({ stream }) => stream)

/** What a user is called who was erased. Nobody can register this name: it has a space. */
export const DELETED_USER = 'deleted user'

/** All events. */
export const ALL_EVENTS: readonly EventDefinition[] = Object.values(EVENTS) as EventDefinition[]

/** What is published: events and jobs. */
const PUBLISHED = [...ALL_EVENTS, ...ALL_JOBS]

/** The subject that a consumer filters by: all aggregates of an event. */
export const filterOf = ({ subject, perAggregate }: EventDefinition) => (perAggregate ? `${subject}.*` : subject)

/** What a service emits: its events and its jobs. */
export const emittedBy = (service: string) => PUBLISHED.filter((event) => event.service === service)

/** What waits in the outbox of a service. */
export const relayedBy = (service: string) => emittedBy(service).filter(({ outbox }) => outbox)

/** What a service consumes of one stream, or of all. */
export const consumedBy = (service: string, stream?: StreamName) =>
  ALL_EVENTS.filter((event) => event.consumers.includes(service) && (stream === undefined || event.stream === stream))

/** The stream that a subject belongs to; undefined when it is none of ours. */
export const streamOf = (subject: string): StreamName | undefined =>
  (Object.keys(STREAMS) as StreamName[]).find((name) => subject.startsWith(STREAMS[name].prefix))

/** The event, or job, with this subject; undefined when the catalogue has none. */
export const eventOf = (subject: string): EventDefinition | undefined =>
  PUBLISHED.find((event) => (event.perAggregate ? subject.startsWith(`${event.subject}.`) : subject === event.subject))
