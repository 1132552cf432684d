import type { RestCase, Scene } from './bad-input-cases.ts'

const OTHER = '01890000-0000-7000-8000-00000000000f'

type Whose = (scene: Scene) => string
const publicOne: Whose = ({ prompts }) => prompts.public

/** What Ben does to a prompt of Ann's, and cannot. */
const asBen = (
  name: string,
  [verb, whose, rest]: [verb: string, whose: Whose, rest: string],
  refusal: Pick<RestCase, 'status' | 'reason' | 'fields'>,
  body?: unknown,
): RestCase => ({
  name: `social: ${name}`,
  request: (scene) => [`${verb} /v1/prompts/${whose(scene)}${rest}`, { token: scene.ben.token, body }],
  ...refusal,
})

const invalid = (...fields: string[]) => ({ status: 400, reason: 'VALIDATION_FAILED', fields })
const REJECTED = { status: 400, reason: 'REQUEST_REJECTED' }
const NOT_FOUND = { status: 404, reason: 'RESOURCE_NOT_FOUND' }
const BAD_TOKEN = { status: 400, reason: 'PAGE_TOKEN_INVALID', fields: ['page_token'] }

const rate = (name: string, body: unknown, refusal: ReturnType<typeof invalid> | typeof REJECTED) =>
  asBen(name, ['PUT', publicOne, '/ratings/me'], refusal, body)
const comment = (name: string, body: unknown, refusal: ReturnType<typeof invalid> | typeof NOT_FOUND) =>
  asBen(name, ['POST', publicOne, '/comments'], refusal, body)

/** A prompt that Ben may not see has no likes, ratings and comments for him. */
const hidden = (name: string, whose: Whose): RestCase[] => [
  asBen(`likes of ${name}`, ['GET', whose, '/likes'], NOT_FOUND),
  asBen(`ratings of ${name}`, ['GET', whose, '/ratings'], NOT_FOUND),
  asBen(`comments on ${name}`, ['GET', whose, '/comments'], NOT_FOUND),
  asBen(`liking ${name}`, ['POST', whose, ':like'], NOT_FOUND, {}),
  asBen(`rating ${name}`, ['PUT', whose, '/ratings/me'], NOT_FOUND, { rating: 5 }),
  asBen(`commenting on ${name}`, ['POST', whose, '/comments'], NOT_FOUND, { content: 'C' }),
]

/** The table over REST of what people say of prompts. */
export const SOCIAL_CASES: RestCase[] = [
  rate('a rating of nothing', {}, invalid('rating')),
  rate('a rating of 6', { rating: 6 }, invalid('rating')),
  rate('a rating in words', { rating: 'five' }, REJECTED),
  rate('half a star', { rating: 4.5 }, REJECTED),
  rate('a review of 5,001 emoji', { rating: 5, review: '😀'.repeat(5001) }, invalid('review')),
  rate('NUL in a review', { rating: 5, review: 'a\0b' }, invalid('review')),
  {
    name: 'social: a rating of one’s own prompt',
    request: ({ ann, prompts }) => [
      `PUT /v1/prompts/${prompts.public}/ratings/me`,
      { token: ann.token, body: { rating: 5 } },
    ],
    status: 400,
    reason: 'OWN_PROMPT',
  },
  asBen('somebody else’s rating', ['PUT', publicOne, `/ratings/${OTHER}`], { status: 404, reason: 'PATH_UNKNOWN' }, {}),
  asBen('taking a rating back that was never given', ['DELETE', publicOne, '/ratings/me'], NOT_FOUND),
  comment('an empty comment', { content: '' }, invalid('content')),
  comment('a comment of blanks', { content: ' \n ' }, invalid('content')),
  comment('a comment of 5,001 emoji', { content: '😀'.repeat(5001) }, invalid('content')),
  comment('a reply to what is no id', { content: 'C', parentId: 'first' }, invalid('parent_id')),
  comment('a reply to nothing', { content: 'C', parentId: OTHER }, NOT_FOUND),
  comment('a request_id that is no UUID', { content: 'C', requestId: 'first' }, invalid('request_id')),
  asBen('an edit of nothing', ['PATCH', publicOne, `/comments/${OTHER}`], NOT_FOUND, { content: 'C' }),
  asBen('the deletion of nothing', ['DELETE', publicOne, `/comments/${OTHER}`], NOT_FOUND),
  asBen('the deletion of what is no id', ['DELETE', publicOne, '/comments/first'], invalid('comment_id')),
  ...['/likes', '/ratings', '/comments'].flatMap((list) => [
    asBen(`a negative number of ${list}`, ['GET', publicOne, `${list}?page_size=-1`], invalid('page_size')),
    asBen(`a page token of ${list} that is none`, ['GET', publicOne, `${list}?page_token=garbage`], BAD_TOKEN),
  ]),
  ...hidden('a private prompt', ({ prompts }) => prompts.private),
  ...hidden('a draft', ({ prompts }) => prompts.draft),
  ...hidden('an archived private prompt', ({ prompts }) => prompts.archivedPrivate),
  ...hidden('a deleted prompt', ({ prompts }) => prompts.deleted),
  ...hidden('no prompt', () => OTHER),
]
