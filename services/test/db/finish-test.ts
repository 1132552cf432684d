import { bigint, integer, jsonb, nullable, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { endOf } from './emissions.ts'
import { settleCtes } from './settle.ts'

/**
 * Ends a test that a worker has run: what the model answered, what it cost, the budget, and the event, in one statement. No row: the worker
 * has lost the test, and nothing is changed. A cost that contains one of a lost call stays an estimate. Of a
 * test whose user was erased no text is stored.
 */
export const finishTest = statement('finish_test', {
  id: uuid,
  workerId: uuid,
  status: text,
  response: nullable(text),
  inputTokens: nullable(integer),
  cachedTokens: nullable(integer),
  cacheWriteTokens: nullable(integer),
  outputTokens: nullable(integer),
  reasoningTokens: nullable(integer),
  rawUsage: nullable(jsonb),
  usageSource: nullable(text),
  costMicros: bigint,
  dollars: text,
  firstTokenMs: nullable(bigint),
  responseTimeMs: bigint,
  finishReason: nullable(text),
  errorCode: nullable(text),
  errorMessage: nullable(text),
  ...eventParams,
})<{ id: string }>(
  (p) => `with ended as (
    update prompt_tests t
    set status = ${p.status}, response = case when t.erased_at is null then ${p.response} end, token_count = ${p.inputTokens} + ${p.outputTokens},
      input_tokens = ${p.inputTokens}, cached_tokens = ${p.cachedTokens}, cache_write_tokens = ${p.cacheWriteTokens},
      output_tokens = ${p.outputTokens}, reasoning_tokens = ${p.reasoningTokens}, raw_usage = case when t.erased_at is null then ${p.rawUsage} end,
      usage_source = case when t.usage_source = 'ESTIMATED' then t.usage_source else ${p.usageSource} end,
      cost_micros = t.cost_micros + ${p.costMicros}, cost = ${p.dollars}::numeric, first_token_ms = ${p.firstTokenMs},
      response_time_ms = ${p.responseTimeMs}, finish_reason = ${p.finishReason}, error_code = ${p.errorCode},
      error_message = case when t.erased_at is null then ${p.errorMessage} end, completed_at = now(), worker_id = null, lease_until = null,
      cancelled_at = case when ${p.errorCode} = 'CANCELLED' then now() end, revision = t.revision + 1
    where t.id = ${p.id} and t.worker_id = ${p.workerId} and t.status = 'RUNNING'
    returning t.*
  ),
  ${settleCtes('ended', p.costMicros)},
  ${outboxCte(p, { from: 'ended m', at: 'm.completed_at', aggregateId: 'm.id', events: endOf('m') })}
  select id from ended`,
)
