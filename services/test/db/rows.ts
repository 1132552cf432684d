/** A test in a list. Amounts are text: 64 bits are more than a number has. */
export type SummaryRow = {
  id: string
  prompt_id: string
  user_id: string
  model_provider: string
  model_name: string
  temperature: number | null
  max_tokens: number
  status: 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED'
  response_time_ms: number | null
  error_message: string | null
  created_at: Date
  completed_at: Date | null
  prompt_version: number
  content_hash: string
  input_tokens: number | null
  cached_tokens: number | null
  cache_write_tokens: number | null
  output_tokens: number | null
  reasoning_tokens: number | null
  usage_source: 'PROVIDER' | 'ESTIMATED' | null
  cost_micros: string
  reserved_micros: string
  attempts: number
  started_at: Date | null
  first_token_ms: number | null
  cancel_requested_at: Date | null
  finish_reason: string | null
  error_code: string | null
  retry_of: string | null
  key_id: string | null
  revision: number
  suite_run_id: string | null
  case_name: string | null
  repeat: number | null
  kind: 'RUN' | 'CASE' | 'JUDGE'
  assertion_position: number | null
}

/** A test with its texts. */
export type TestRow = SummaryRow & {
  prompt_content: string
  variables: Record<string, string>
  response: string | null
  /** Of a judge of two answers: the other version whose answers it is shown. */
  compared_version: number | null
  /** Of AssertionResult, as proto3 JSON; null until all of them are known. */
  assertion_results: object[] | null
}

/** Columns of SummaryRow, of `prompt_tests` under this name. */
export const summaryOf = (t: string) => `${t}.id, ${t}.prompt_id, ${t}.user_id, ${t}.model_provider, ${t}.model_name,
  ${t}.temperature::float8 as temperature, ${t}.max_tokens, ${t}.status, ${t}.response_time_ms::float8 as response_time_ms,
  ${t}.error_message, ${t}.created_at, ${t}.completed_at, ${t}.prompt_version, ${t}.content_hash, ${t}.input_tokens, ${t}.cached_tokens,
  ${t}.cache_write_tokens, ${t}.output_tokens, ${t}.reasoning_tokens, ${t}.usage_source, ${t}.cost_micros, ${t}.reserved_micros,
  ${t}.attempts, ${t}.started_at, ${t}.first_token_ms::float8 as first_token_ms, ${t}.cancel_requested_at, ${t}.finish_reason,
  ${t}.error_code, ${t}.retry_of, ${t}.key_id, ${t}.revision, ${t}.suite_run_id, ${t}.case_name, ${t}.repeat, ${t}.kind,
  ${t}.assertion_position`

/** Columns of TestRow. */
export const testOf = (t: string) => `${summaryOf(t)}, ${t}.prompt_content, ${t}.variables, ${t}.response,
  (select f.prompt_version from suite_runs r join suite_runs f on f.id = r.from_run_id where r.id = ${t}.suite_run_id) as compared_version,
  case when ${t}.verdict is not null then ${t}.assertion_results end as assertion_results`
