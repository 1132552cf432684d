import { AssertionResult } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import {
  type Budget,
  type PromptTest,
  PromptTest_ErrorCode,
  PromptTest_Kind,
  PromptTest_Status,
  PromptTest_UsageSource,
  type TokenUsage,
} from '#contracts/gen/promptforge/test/v1/test.ts'
import type { Comparison } from '#contracts/gen/promptforge/test/v1/comparison.ts'
import type { Sample } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import type { ProviderKey } from '#contracts/gen/promptforge/test/v1/provider_key.ts'
import { bestOf, progressOf } from '../comparison.ts'
import type { BudgetRow } from '../db/budgets.ts'
import type { ComparisonRow } from '../db/comparisons.ts'
import type { ProviderKeyRow } from '../db/provider-key.entity.ts'
import type { SummaryRow, TestRow } from '../db/rows.ts'

/** A test with its texts. */
export const toTest = (row: TestRow): PromptTest => ({
  ...toSummary(row),
  promptContent: row.prompt_content,
  values: row.variables,
  response: row.response ?? '',
  assertionResults: (row.assertion_results ?? []).map((result) => AssertionResult.fromJSON(result)),
})

/** A test whose texts its owner may not read any more: the reasons of assertions quote the response. */
export const withheld = (row: TestRow): PromptTest => ({
  ...toSummary(row),
  contentWithheld: true,
  assertionResults: toTest(row).assertionResults.map((result) => ({ ...result, reason: '' })),
})

/** A test as everybody may see it, with nothing of the prompt but the values. */
export const toSample = (row: TestRow): Sample => ({
  testId: row.id,
  promptId: row.prompt_id,
  promptVersion: row.prompt_version,
  modelProvider: row.model_provider,
  modelName: row.model_name,
  values: row.variables,
  response: row.response ?? '',
  usage: usageOf(row),
  responseTimeMs: BigInt(row.response_time_ms ?? 0),
  completedAt: row.completed_at ?? undefined,
})

/** A test in a list. */
export const toSummary = (row: SummaryRow): PromptTest => ({
  testId: row.id,
  promptId: row.prompt_id,
  promptVersion: row.prompt_version,
  contentHash: row.content_hash,
  userId: row.user_id,
  modelProvider: row.model_provider,
  modelName: row.model_name,
  temperature: row.temperature ?? undefined,
  maxTokens: row.max_tokens,
  status: PromptTest_Status[row.status],
  promptContent: '',
  values: {},
  response: '',
  contentWithheld: false,
  usage: usageOf(row),
  usageSource: PromptTest_UsageSource[row.usage_source ?? 'UNSPECIFIED'],
  costMicros: BigInt(row.cost_micros),
  reservedMicros: row.completed_at ? 0n : BigInt(row.reserved_micros),
  firstTokenMs: toBigInt(row.first_token_ms),
  responseTimeMs: toBigInt(row.response_time_ms),
  finishReason: row.finish_reason ?? '',
  errorCode: PromptTest_ErrorCode[(row.error_code ?? 'UNSPECIFIED') as keyof typeof PromptTest_ErrorCode],
  errorMessage: row.error_message ?? '',
  attempts: row.attempts,
  retryOf: row.retry_of ?? '',
  keyId: row.key_id ?? '',
  cancelRequested: row.cancel_requested_at !== null,
  createdAt: row.created_at,
  startedAt: row.started_at ?? undefined,
  completedAt: row.completed_at ?? undefined,
  suiteRunId: row.suite_run_id ?? '',
  caseName: row.case_name ?? '',
  repeat: row.repeat ?? 0,
  assertionResults: [],
  kind: PromptTest_Kind[row.kind],
  assertion: row.assertion_position ?? undefined,
})

const toBigInt = (value: number | null) => (value === null ? undefined : BigInt(value))

function usageOf(row: SummaryRow): TokenUsage | undefined {
  if (row.input_tokens === null) return undefined
  return {
    inputTokens: BigInt(row.input_tokens),
    cacheReadTokens: BigInt(row.cached_tokens ?? 0),
    cacheWriteTokens: BigInt(row.cache_write_tokens ?? 0),
    outputTokens: BigInt(row.output_tokens ?? 0),
    reasoningTokens: BigInt(row.reasoning_tokens ?? 0),
  }
}

/** The name of a status, as the database has it. */
export const statusName = (status: PromptTest_Status) =>
  Object.entries(PromptTest_Status).find(([, value]) => value === status)![0]

/** What is shown of a key. */
export const toProviderKey = (row: ProviderKeyRow): ProviderKey => ({
  keyId: row.id,
  provider: row.provider,
  name: row.name,
  hint: row.hint,
  createdAt: row.createdAt,
  revokedAt: row.revokedAt ?? undefined,
})

/** A comparison in a list. */
export const toListedComparison = (row: ComparisonRow): Comparison => ({
  comparisonId: row.id,
  name: row.name,
  promptId: row.prompt_id,
  userId: row.user_id,
  notes: row.notes ?? '',
  createdAt: row.created_at,
  tests: [],
  progress: undefined,
  best: undefined,
})

/** A comparison with its tests. */
export const toComparison = (row: ComparisonRow, tests: SummaryRow[]): Comparison => ({
  ...toListedComparison(row),
  tests: tests.map(toSummary),
  progress: progressOf(tests),
  best: bestOf(tests),
})

/** What a user may spend today, and has. */
export const toBudget = ({ daily_limit: limit, spent, reserved, resets_at: resetsAt }: BudgetRow): Budget => ({
  dailyLimitMicros: BigInt(limit),
  spentMicros: BigInt(spent),
  reservedMicros: BigInt(reserved),
  resetsAt,
})
