import { v7 } from 'uuid'
import { AuthServiceService, LoginRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import {
  LicenseServiceService,
  VerifyLicenseRequest,
} from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import {
  GetListingRequest,
  ListingServiceService,
  SearchListingsRequest,
} from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import {
  PurchaseListingRequest,
  PurchaseServiceService,
} from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import { Variable_Type } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import {
  CreatePromptRequest,
  GetPromptRequest,
  ListFeedRequest,
  ListPromptsRequest,
  PromptServiceService,
  UpdatePromptRequest,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { SearchPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/search.ts'
import {
  CreateCommentRequest,
  LikePromptRequest,
  RatePromptRequest,
  SocialServiceService,
  UnlikePromptRequest,
} from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import {
  FollowUserRequest,
  GetUserRequest,
  UnfollowUserRequest,
  UpdateUserRequest,
  UserServiceService,
} from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { GetLabelRequest, LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { GetVersionRequest, VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Rpc } from '#chassis/grpc/call.ts'
import type { Job, Request } from './load/job.ts'

/** What is in the databases, and who calls. */
export type Data = {
  /** Who is signed in; each owns prompts. */
  callers: { id: string; username: string; token: string; promptIds: string[] }[]
  /** Some of all. */
  userIds: string[]
  usernames: string[]
  promptIds: string[]
  categories: string[]
  /** All, none of them a caller's. */
  listingIds: string[]
  /** Of valid licences. */
  licenseKeys: string[]
  password: string
}

/** One line of the table, for each concurrency. */
export type Cell = {
  name: string
  service: 'user' | 'prompt' | 'version' | 'marketplace'
  /** Whether the services' events go their way meanwhile: only then is what else that costs the machine measured. */
  isRelayed?: true
  transport: Job['transport']
  /** Calls at once. Default: those that were asked for. */
  concurrency?: number[]
  /** What is sent, again and again. `round` differs from call to call, so that a change changes something. */
  requests(data: Data, round: number): Request[]
}

/** Those that write come last: what they leave is in the way of the others. */
export const CELLS: Cell[] = [
  {
    name: 'GetPrompt',
    service: 'prompt',
    transport: 'grpc',
    requests: (data) =>
      data.promptIds.map((promptId, index) =>
        rpcRequest(PromptServiceService.getPrompt, GetPromptRequest.fromPartial({ promptId }), tokenOf(data, index)),
      ),
  },
  {
    name: 'GetPromptREST',
    service: 'prompt',
    transport: 'rest',
    requests: (data) =>
      data.promptIds.map((promptId, index) => ({
        path: `/v1/prompts/${promptId}`,
        headers: bearer(tokenOf(data, index)),
        body: new Uint8Array(),
      })),
  },
  {
    name: 'GetUser',
    service: 'user',
    transport: 'grpc',
    requests: (data) =>
      data.userIds.map((userId, index) =>
        rpcRequest(UserServiceService.getUser, GetUserRequest.fromPartial({ userId }), tokenOf(data, index)),
      ),
  },
  {
    name: 'GetLabel',
    service: 'version',
    transport: 'grpc',
    requests: (data) =>
      data.promptIds.map((promptId, index) =>
        rpcRequest(
          LabelServiceService.getLabel,
          GetLabelRequest.fromPartial({ promptId, label: 'production' }),
          tokenOf(data, index),
        ),
      ),
  },
  {
    name: 'GetVersion',
    service: 'version',
    transport: 'grpc',
    requests: (data) =>
      data.promptIds.map((promptId, index) =>
        rpcRequest(
          VersionServiceService.getVersion,
          GetVersionRequest.fromPartial({ promptId, version: 1 }),
          tokenOf(data, index),
        ),
      ),
  },
  {
    name: 'GetListing',
    service: 'marketplace',
    transport: 'grpc',
    requests: (data) =>
      data.listingIds
        .filter((_, index) => index % 100 === 0)
        .map((listingId, index) =>
          rpcRequest(
            ListingServiceService.getListing,
            GetListingRequest.fromPartial({ listingId }),
            tokenOf(data, index),
          ),
        ),
  },
  {
    name: 'VerifyLicense',
    service: 'marketplace',
    transport: 'grpc',
    requests: ({ licenseKeys }) =>
      licenseKeys.map((licenseKey) =>
        rpcRequest(LicenseServiceService.verifyLicense, VerifyLicenseRequest.fromPartial({ licenseKey })),
      ),
  },
  {
    name: 'ListPrompts',
    service: 'prompt',
    transport: 'grpc',
    requests: (data) =>
      [undefined, ...data.categories].map((category, index) =>
        rpcRequest(
          PromptServiceService.listPrompts,
          ListPromptsRequest.fromPartial({ category }),
          tokenOf(data, index),
        ),
      ),
  },
  {
    name: 'SearchPrompts',
    service: 'prompt',
    transport: 'grpc',
    requests: (data) =>
      // In every prompt, in one of a hundred, in one.
      ['prompt', 'tag7', '77 measure'].map((query, index) =>
        rpcRequest(
          PromptServiceService.searchPrompts,
          SearchPromptsRequest.fromPartial({ query }),
          tokenOf(data, index),
        ),
      ),
  },
  {
    name: 'SearchListings',
    service: 'marketplace',
    transport: 'grpc',
    concurrency: [1, 8],
    requests: (data) =>
      // In every listing, in one of a hundred, in one.
      ['prompt', 'lot7', '77 measure'].map((query, index) =>
        rpcRequest(
          ListingServiceService.searchListings,
          SearchListingsRequest.fromPartial({ query }),
          tokenOf(data, index),
        ),
      ),
  },
  {
    name: 'ListFeed',
    service: 'prompt',
    transport: 'grpc',
    requests: ({ callers }) =>
      callers.map(({ token }) => rpcRequest(PromptServiceService.listFeed, ListFeedRequest.fromPartial({}), token)),
  },
  {
    name: 'Login',
    service: 'user',
    transport: 'grpc',
    requests: ({ usernames, password }) =>
      usernames.map((login) => rpcRequest(AuthServiceService.login, LoginRequest.fromPartial({ login, password }))),
  },
  {
    name: 'UpdateUser',
    service: 'user',
    transport: 'grpc',
    requests: ({ callers }, round) =>
      ['first', 'second'].flatMap((turn) =>
        callers.map(({ id: userId, token }) =>
          rpcRequest(
            UserServiceService.updateUser,
            UpdateUserRequest.fromPartial({ userId, bio: `Round ${round}, ${turn} turn` }),
            token,
          ),
        ),
      ),
  },
  { name: 'FollowUser', service: 'user', transport: 'grpc', requests: follows },
  { name: 'LikePrompt', service: 'prompt', transport: 'grpc', requests: likes },
  { name: 'RatePrompt', service: 'prompt', transport: 'grpc', requests: ratings },
  { name: 'CreateComment', service: 'prompt', transport: 'grpc', requests: comments },
  { name: 'UpdatePrompt', service: 'prompt', transport: 'grpc', requests: updates },
  { name: 'CreatePrompt', service: 'prompt', transport: 'grpc', requests: creations },
  { name: 'PurchaseListing', service: 'marketplace', transport: 'grpc', requests: purchases },
  { name: 'UpdatePromptToEnd', service: 'prompt', transport: 'grpc', isRelayed: true, requests: updates },
  { name: 'CreatePromptToEnd', service: 'prompt', transport: 'grpc', isRelayed: true, requests: creations },
]

/** In a round each caller follows so many users, and then follows them no longer: each request changes something. */
const FOLLOWED = 10

function follows({ callers, userIds }: Data, round: number): Request[] {
  const { followUser, unfollowUser } = UserServiceService
  const others = userIds.slice(callers.length)
  const pairs = Array.from({ length: FOLLOWED }, (_, n) => n).flatMap((n) =>
    callers.map(({ token }, index) => {
      const followed = (round * FOLLOWED + n) * callers.length + index
      return { token, userId: others[followed % others.length]! }
    }),
  )
  return [
    ...pairs.map(({ token, userId }) => rpcRequest(followUser, FollowUserRequest.fromPartial({ userId }), token)),
    ...pairs.map(({ token, userId }) => rpcRequest(unfollowUser, UnfollowUserRequest.fromPartial({ userId }), token)),
  ]
}

function likes(data: Data): Request[] {
  const { likePrompt, unlikePrompt } = SocialServiceService
  return [
    ...onOthers(data, (promptId, token) => rpcRequest(likePrompt, LikePromptRequest.fromPartial({ promptId }), token)),
    ...onOthers(data, (promptId, token) =>
      rpcRequest(unlikePrompt, UnlikePromptRequest.fromPartial({ promptId }), token),
    ),
  ]
}

// Two turns of a round and two rounds that follow each other give different ratings, so that each changes one.
function ratings(data: Data, round: number): Request[] {
  return [2 * round, 2 * round + 1].flatMap((turn) =>
    onOthers(data, (promptId, token) =>
      rpcRequest(
        SocialServiceService.ratePrompt,
        RatePromptRequest.fromPartial({ promptId, rating: 1 + (turn % 5), review: 'Short and complete.' }),
        token,
      ),
    ),
  )
}

function comments(data: Data, round: number): Request[] {
  return onOthers(data, (promptId, token) =>
    rpcRequest(
      SocialServiceService.createComment,
      CreateCommentRequest.fromPartial({ promptId, content: `What a benchmark has to say in round ${round}.` }),
      token,
    ),
  )
}

/** A request of each caller about each prompt of the next caller; callers take turns. */
function onOthers({ callers }: Data, request: (promptId: string, token: string) => Request): Request[] {
  return callers[0]!.promptIds.flatMap((_, nth) =>
    callers.map(({ token }, index) => request(callers[(index + 1) % callers.length]!.promptIds[nth]!, token)),
  )
}

// Callers take turns, and a prompt's turn comes again when all have had theirs: nobody waits for a row.
function updates({ callers }: Data, round: number): Request[] {
  return ['first', 'second'].flatMap((turn) =>
    callers[0]!.promptIds.flatMap((_, index) =>
      callers.map(({ promptIds, token }) =>
        rpcRequest(
          PromptServiceService.updatePrompt,
          UpdatePromptRequest.fromPartial({
            promptId: promptIds[index]!,
            title: `Round ${round}, ${turn} turn`,
            content: contentOf(round),
          }),
          token,
        ),
      ),
    ),
  )
}

function creations({ callers, categories }: Data, round: number): Request[] {
  return callers.map(({ token }, index) =>
    rpcRequest(
      PromptServiceService.createPrompt,
      CreatePromptRequest.fromPartial({
        title: `A prompt of round ${round}`,
        content: contentOf(round),
        description: 'What a benchmark writes.',
        category: categories[index % categories.length]!,
        tags: ['bench', 'summary', 'text'],
        variables: [
          { name: 'topic', type: Variable_Type.TEXT, description: 'What it is about', required: true, options: [] },
        ],
        model: 'any',
      }),
      token,
    ),
  )
}

/** More than either side answers in a round: one that comes again is no purchase. */
const PURCHASES = 8000

/** Purchases that nobody has made before: the callers buy one listing after the other, and then each what another has bought before. */
function purchases({ callers, listingIds }: Data, round: number): Request[] {
  return Array.from({ length: PURCHASES }, (_, n) => {
    const nth = round * PURCHASES + n
    const turn = Math.floor(nth / listingIds.length)
    return rpcRequest(
      PurchaseServiceService.purchaseListing,
      PurchaseListingRequest.fromPartial({
        listingId: listingIds[nth % listingIds.length]!,
        licenseType: License_Type.PERSONAL,
        paymentMethod: 'pm_card_visa',
        expectedPrice: PRICE,
        requestId: v7(),
      }),
      callers[(nth + turn) % callers.length]!.token,
    )
  })
}

/** Of every listing. */
const PRICE = { currencyCode: 'USD', units: 19n, nanos: 990_000_000 }

/** About a kilobyte, as a prompt has. */
const contentOf = (round: number) => `${round}: ${'Summarise what follows on {{topic}} in five sentences. '.repeat(18)}`

const tokenOf = ({ callers }: Data, index: number) => callers[index % callers.length]!.token

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

/** A call, as it goes on the wire. */
export const rpcRequest = <R extends Rpc>(
  rpc: R,
  message: ReturnType<R['requestDeserialize']>,
  token?: string,
): Request => ({
  path: rpc.path,
  headers: bearer(token),
  body: rpc.requestSerialize(message),
})
