import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** Rows that one statement changes. */
const ROWS = 500

/** A row that a statement has changed. It is run again until there is none. */
type Changed = { id: string }

/** Takes from purchases of a user what they paid with: the payment provider's token. */
export const erasePaymentMethods = statement('erase_payment_methods', { userId: uuid })<Changed>(
  (p) => `with page as materialized (
    select id from transactions where buyer_id = ${p.userId} and payment_method is not null limit ${ROWS} for update
  )
  update transactions t set payment_method = null from page where t.id = page.id returning t.id`,
)

/** Takes what a user has written as the reason of refunds. */
export const eraseRefundReasons = statement('erase_refund_reasons', { userId: uuid })<Changed>(
  (p) => `with page as materialized (
    select id from transactions where refunded_by = ${p.userId} and refund_reason is not null limit ${ROWS} for update
  )
  update transactions t set refund_reason = null from page where t.id = page.id returning t.id`,
)

/** Takes what a user has written as the reason why licences were revoked. */
export const eraseRevokeReasons = statement('erase_revoke_reasons', { userId: uuid })<Changed>(
  (p) => `with page as materialized (
    select id from licenses where revoked_by = ${p.userId} and revoke_reason is not null limit ${ROWS} for update
  )
  update licenses i set revoke_reason = null from page where i.id = page.id returning i.id`,
)
