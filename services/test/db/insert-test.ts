import { claimCte, claimParams } from '#chassis/db/idempotency.ts'
import { bigint, float8, integer, jsonb, nullable, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { MAX_UNFINISHED } from '../budget.ts'
import { job, requested } from './emissions.ts'
import { testOf, type TestRow } from './rows.ts'

/** Why the statement has made nothing, and undone all: the message of its error. */
export const NO_SEAT = 'TOO_MANY_TESTS'
export const NO_MONEY = 'BUDGET_EXCEEDED'

/**
 * Admits a test: a seat among the user's unfinished ones, the reservation on the budget of today, the row, its event and the hint to the
 * workers, in one statement. No row comes back when the key was used before. Fails with PF001 when there is no seat or no money left: then
 * nothing is changed, the key included. The order of the locks is user, day.
 */
export const insertTest = statement('insert_test', {
  id: uuid,
  promptId: uuid,
  userId: uuid,
  promptContent: text,
  provider: text,
  model: text,
  temperature: nullable(float8),
  maxTokens: integer,
  version: integer,
  contentHash: text,
  variables: jsonb,
  lane: text,
  priceId: uuid,
  reserved: bigint,
  defaultLimit: bigint,
  retryOf: nullable(uuid),
  keyId: nullable(uuid),
  ...claimParams,
  ...eventParams,
})<TestRow | { id: null }>(
  (p) => `with ${claimCte(p)},
  seat as (
    insert into budgets (user_id, unfinished) select ${p.userId}, 1 from claim
    on conflict (user_id) do update set unfinished = budgets.unfinished + 1 where budgets.unfinished < ${MAX_UNFINISHED}
    returning coalesce(daily_limit_micros, ${p.defaultLimit}) as daily_limit
  ),
  today as (
    insert into spend (user_id, day, reserved)
    select ${p.userId}, (now() at time zone 'utc')::date, ${p.reserved} from seat where ${p.reserved} <= daily_limit
    on conflict (user_id, day) do update set reserved = spend.reserved + ${p.reserved}
      where spend.reserved + spend.spent + ${p.reserved} <= (select daily_limit from seat)
    returning day
  ),
  made as (
    insert into prompt_tests (id, prompt_id, user_id, prompt_content, model_provider, model_name, temperature, max_tokens, status,
      created_at, prompt_version, content_hash, variables, lane, price_id, reserved_micros, spend_day, dispatched_at, retry_of, key_id)
    select ${p.id}, ${p.promptId}, ${p.userId}, ${p.promptContent}, ${p.provider}, ${p.model}, ${p.temperature}, ${p.maxTokens},
      'PENDING', now(), ${p.version}, ${p.contentHash}, ${p.variables}, ${p.lane}, ${p.priceId}, ${p.reserved}, day, now(), ${p.retryOf}, ${p.keyId}
    from today
    returning *
  ),
  ${outboxCte(p, { from: 'made m', at: 'm.created_at', aggregateId: 'm.id', events: [requested('m'), job('m')] })}
  select ${testOf('m')},
    case
      when exists (select from claim) and not exists (select from seat) then refuse('${NO_SEAT}')
      when exists (select from seat) and not exists (select from today) then refuse('${NO_MONEY}')
    end
  from (values (1)) one left join made m on true`,
)
