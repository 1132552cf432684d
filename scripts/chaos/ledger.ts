/** What PromptForge has acknowledged: the recount holds it to this. What was sent without an answer may be there or not. */
export type Ledger = {
  users: Map<string, AckedUser>
  prompts: Map<string, AckedPrompt>
  /** What people last did to a prompt or to each other, by `${who} ${what}`. */
  social: Social
  tests: Tests
  sales: Sales
  /** Sign-ins that were answered. */
  signIns: number
  /** Requests by what was answered. */
  answers: Record<string, number>
}

/** A user, and the last name that was acknowledged. */
export type AckedUser = { username: string; isUnsure: boolean }

/** A prompt: the title of each version that was acknowledged, and whether its deletion was. */
export type AckedPrompt = { ownerId: string; versions: Map<number, string>; isDeleted: boolean }

/** What was acknowledged last; `unsure` when what came after it had no answer. */
export type Social = {
  /** Whether the user likes the prompt, or follows the other one. */
  likes: Map<string, boolean | 'unsure'>
  follows: Map<string, boolean | 'unsure'>
  /** 1 to 5. */
  ratings: Map<string, number | 'unsure'>
  /** Ids. */
  comments: Set<string>
}

/** What was asked of the test service. */
export type Tests = {
  /** The value `topic`, another one each time, of each test that was asked for; the test's id when that was acknowledged. */
  asked: Map<string, string | undefined>
  /** Tests whose cancelling was acknowledged, runs of suites, and comparisons: ids. */
  cancelled: Set<string>
  suiteRuns: Set<string>
  comparisons: Set<string>
  /** Judgings of two runs: ids. */
  judgings: Set<string>
  watches: Watches
}

/** Streams of tests that people watched, by how they ended. */
export type Watches = {
  /** Those that go on. */
  going: Set<Promise<void>>
  /** The test ended, and the stream with it. */
  ended: number
  /** The stream broke, and was opened again after its last event: how often. */
  resumed: number
  /** The watcher left before the test had ended. */
  left: number
  /** The texts that were watched to the end, of each test. */
  texts: { testId: string; text: string }[]
}

/** What was asked of the marketplace. */
export type Sales = {
  /** The seller of each listing that was acknowledged. */
  listings: Map<string, string>
  /** The `request_id` of each purchase that was asked for; the transaction's id when that was acknowledged. */
  asked: Map<string, string | undefined>
  /** COMPLETED or FAILED, of each transaction of which that was acknowledged. */
  ended: Map<string, string>
  /** Transactions whose refund was acknowledged. */
  refunded: Set<string>
}

/** An empty one. */
export const newLedger = (): Ledger => ({
  users: new Map(),
  prompts: new Map(),
  social: { likes: new Map(), follows: new Map(), ratings: new Map(), comments: new Set() },
  tests: {
    asked: new Map(),
    cancelled: new Set(),
    suiteRuns: new Set(),
    comparisons: new Set(),
    judgings: new Set(),
    watches: { going: new Set(), ended: 0, resumed: 0, left: 0, texts: [] },
  },
  sales: { listings: new Map(), asked: new Map(), ended: new Map(), refunded: new Set() },
  signIns: 0,
  answers: {},
})
