/** What PromptForge has acknowledged: the recount holds it to this. What was sent without an answer may be there or not. */
export type Ledger = {
  users: Map<string, AckedUser>
  prompts: Map<string, AckedPrompt>
  /** Sign-ins that were answered. */
  signIns: number
  /** Requests by what was answered. */
  answers: Record<string, number>
}

/** A user, and the last name that was acknowledged. */
export type AckedUser = { username: string; isUnsure: boolean }

/** A prompt: the title of each version that was acknowledged, and whether its deletion was. */
export type AckedPrompt = { ownerId: string; versions: Map<number, string>; isDeleted: boolean }

/** An empty one. */
export const newLedger = (): Ledger => ({ users: new Map(), prompts: new Map(), signIns: 0, answers: {} })
