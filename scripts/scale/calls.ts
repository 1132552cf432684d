import {
  AnalyticsServiceService,
  GetPromptStatsRequest,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import {
  GetListingRequest,
  ListingServiceService,
  SearchListingsRequest,
} from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { randomOf } from '#chassis/testing/random.ts'
import {
  GetPromptRequest,
  PromptServiceService,
  UpdatePromptRequest,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { SearchPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/search.ts'
import {
  LikePromptRequest,
  SocialServiceService,
  UnlikePromptRequest,
} from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { ListTestsRequest, TestServiceService } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import { GetUserRequest, UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { GetLabelRequest, LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { GetVersionRequest, VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { CELLS, rpcRequest } from '../bench/cells.ts'
import type { Request } from '../bench/load/job.ts'
import type { CallData } from './call-data.ts'
import { makeSentences, makeWords } from './words.ts'

/** Requests of a call. Each is about something else; the tail is as long as that of what was made. */
const REQUESTS = 2000

/** A hot call. */
export type HotCall = {
  name: string
  service: string
  /** `round` differs from one to the next, so that a change changes something. */
  requests(data: CallData, round: number): Request[]
}

/** So many of these, at random, the first most often: the same in each run of a round. */
function drawn<T>(ids: readonly T[], round: number): T[] {
  const random = randomOf(round)
  return Array.from({ length: REQUESTS }, () => ids[Math.floor(ids.length * random() ** 2.5)]!)
}

/** Requests about random ones of what `idsOf` says, by the callers in turns. */
const about =
  <T>(idsOf: (data: CallData) => readonly T[], request: (id: T, token: string) => Request): HotCall['requests'] =>
  (data, round) =>
    drawn(idsOf(data), round).map((id, index) => request(id, tokenOf(data, index)))

const words = makeWords(15)

/** Words that are frequent, less so, and rare, and two together. */
const QUERIES = [words[0]!, words[20]!, words[400]!, words[5000]!, `${words[0]} ${words[3]}`]

/** A call that the bench makes, too, with the same requests about the data of a site. */
function ofBench(name: string): HotCall {
  const { service, requests } = CELLS.find((cell) => cell.name === name)!
  return { name, service, requests }
}

/** Those that write come last: their events are on their way meanwhile. */
export const HOT_CALLS: HotCall[] = [
  {
    name: 'GetUser',
    service: 'user',
    requests: about(
      (data) => data.userIds,
      (userId, token) => rpcRequest(UserServiceService.getUser, GetUserRequest.fromPartial({ userId }), token),
    ),
  },
  {
    name: 'GetPrompt',
    service: 'prompt',
    requests: about(
      (data) => data.promptIds,
      (promptId, token) =>
        rpcRequest(PromptServiceService.getPrompt, GetPromptRequest.fromPartial({ promptId }), token),
    ),
  },
  ofBench('ListPrompts'),
  {
    name: 'SearchPrompts',
    service: 'prompt',
    requests: (data) =>
      QUERIES.map((query, index) =>
        rpcRequest(
          PromptServiceService.searchPrompts,
          SearchPromptsRequest.fromPartial({ query }),
          tokenOf(data, index),
        ),
      ),
  },
  ofBench('ListFeed'),
  {
    name: 'GetVersion',
    service: 'version',
    requests: about(
      (data) => data.promptIds,
      (promptId, token) =>
        rpcRequest(VersionServiceService.getVersion, GetVersionRequest.fromPartial({ promptId, version: 1 }), token),
    ),
  },
  {
    name: 'GetLabel',
    service: 'version',
    requests: about(
      (data) => data.labelledIds,
      (promptId, token) =>
        rpcRequest(LabelServiceService.getLabel, GetLabelRequest.fromPartial({ promptId, label: 'production' }), token),
    ),
  },
  {
    name: 'GetListing',
    service: 'marketplace',
    requests: about(
      (data) => data.listingIds,
      (listingId, token) =>
        rpcRequest(ListingServiceService.getListing, GetListingRequest.fromPartial({ listingId }), token),
    ),
  },
  {
    name: 'SearchListings',
    service: 'marketplace',
    requests: (data) =>
      QUERIES.map((query, index) =>
        rpcRequest(
          ListingServiceService.searchListings,
          SearchListingsRequest.fromPartial({ query }),
          tokenOf(data, index),
        ),
      ),
  },
  ofBench('VerifyLicense'),
  {
    name: 'ListTests',
    service: 'test',
    requests: ({ callers }) =>
      callers.map(({ token }) => rpcRequest(TestServiceService.listTests, ListTestsRequest.fromPartial({}), token)),
  },
  {
    name: 'GetPromptStats',
    service: 'analytics',
    requests: about(
      (data) => data.promptIds,
      (promptId, token) =>
        rpcRequest(AnalyticsServiceService.getPromptStats, GetPromptStatsRequest.fromPartial({ promptId }), token),
    ),
  },
  {
    name: 'LikePrompt',
    service: 'prompt',
    // Each likes a hundred prompts, and likes them no longer: each request changes something.
    requests: (data, round) => {
      const { likePrompt, unlikePrompt } = SocialServiceService
      const ids = [...new Set(drawn(data.promptIds, round))].slice(0, 100)
      return data.callers.flatMap(({ token }) => [
        ...ids.map((promptId) => rpcRequest(likePrompt, LikePromptRequest.fromPartial({ promptId }), token)),
        ...ids.map((promptId) => rpcRequest(unlikePrompt, UnlikePromptRequest.fromPartial({ promptId }), token)),
      ])
    },
  },
  {
    name: 'UpdatePrompt',
    service: 'prompt',
    requests: ({ callers }, round) =>
      ['first', 'second'].flatMap((turn) =>
        callers.flatMap(({ promptIds, token }) =>
          promptIds.map((promptId, index) =>
            rpcRequest(
              PromptServiceService.updatePrompt,
              UpdatePromptRequest.fromPartial({ promptId, content: contentOf(round + index, turn) }),
              token,
            ),
          ),
        ),
      ),
  },
  ofBench('CreatePrompt'),
]

const sentences = makeSentences(15, words, 200)

/** About a kilobyte, as a prompt has. */
const contentOf = (n: number, turn: string) =>
  `${turn}: ${Array.from({ length: 12 }, (_, index) => sentences[(n + index) % sentences.length]).join(' ')}`

const tokenOf = ({ callers }: CallData, index: number) => callers[index % callers.length]!.token
