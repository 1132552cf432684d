/** How much there is of something for each user, and why so much. `of` is in words what the number counts. */
export type Amount = { each: number; of: string; why: string }

/**
 * What a user has on average. The seed estimates bytes and no rows: the numbers are those by which rows of an ordinary size come to about
 * its estimate of a domain.
 */
export const AMOUNTS = {
  sessions: { each: 2, of: 'refresh tokens', why: 'two devices that are signed in' },
  apiKeys: { each: 0.2, of: 'API keys', why: 'one user in five calls from a program' },
  follows: {
    each: 10,
    of: 'follows',
    why: 'the seed has 5 KB of social data for a user: with the next three, 24 rows of 200 bytes',
  },
  likes: { each: 10, of: 'likes', why: 'as many as follows' },
  ratings: { each: 2, of: 'ratings', why: 'one for five likes; every second has a review' },
  comments: { each: 2, of: 'comments', why: 'as many as ratings' },
  prompts: { each: 5, of: 'prompts', why: 'the seed has 10 KB of prompts for a user: 5 of 2 KB' },
  tests: { each: 5, of: 'tests', why: 'the seed has 20 KB of tests for a user: 5 of 4 KB, text and answer' },
  suites: { each: 0.1, of: 'suites of five cases, each with a run', why: 'one user in ten tests by suites' },
  comparisons: { each: 0.2, of: 'comparisons of two tests', why: 'one user in five compares' },
  listings: { each: 0.5, of: 'listings', why: 'one prompt in ten is for sale' },
  sales: { each: 1, of: 'purchases', why: 'the seed has 5 KB of the marketplace for a user' },
  signIns: {
    each: 10,
    of: 'sign-ins',
    why: 'the seed has 50 KB of analytics for a user: about 100 events of 500 bytes',
  },
  views: { each: 40, of: 'views of prompts', why: 'the rest of these events: four views for a like' },
} as const satisfies Record<string, Amount>

/** What is counted for each user. */
export type Amounts = keyof typeof AMOUNTS

/** How many there are for so many users: at least one of each. */
export const countOf = (what: Amounts, users: number): number => Math.max(1, Math.round(AMOUNTS[what].each * users))
