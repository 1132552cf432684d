import { sealLicenseKeys } from '../bench/seed-marketplace.ts'
import { makePrompts, type Maker, makeSales } from './made.ts'
import { makeVectors } from './vectors.ts'

/** Licences whose keys are made at once. */
const BATCH = 5000

/** Fills the database of the marketplace, whose `secret` encrypts the keys of licences. Answers with some of these keys. */
export async function fillMarketplace(maker: Maker, categories: readonly string[], secret: string): Promise<string[]> {
  const { run } = maker
  await makePrompts(maker, categories)
  await makeSales(maker)
  await run(`
    create temp table texts as
    select n, title, array[category] as tags, pg_temp.prose(n, 201, 3) as description from offers;
    alter table texts add primary key (n)`)
  await makeVectors(maker, 'texts')
  await run(INSERT_LISTINGS)
  await run(INSERT_TRANSACTIONS)
  const keys = await insertLicenses(maker, secret)
  await run('begin')
  for (const text of LEDGER) await run(text)
  await run('commit')
  return keys
}

const INSERT_LISTINGS = `
  insert into prompt_listings (id, prompt_id, seller_id, title, description, price, status, created_at, prompt_version, min_version, includes_updates,
    category, currency, exclusive, sales_count, search)
  select o.id, o.prompt_id, o.user_id, o.title, t.description, o.price, o.status, pg_temp.at(o.ms), o.version, 1, o.includes_updates, o.category,
    'USD', false, coalesce(s.count, 0), v.search
  from offers o join texts t using (n) join vectors v using (n)
  left join (select listing_id as id, count(*) from bought where is_paid group by 1) s on s.id = o.id
  order by o.n`

// The money of a sale is the seller's own after two weeks.
const RELEASED = `pg_temp.at(ms) < now() - interval '14 days'`

const INSERT_TRANSACTIONS = `
  insert into transactions (id, listing_id, prompt_id, buyer_id, seller_id, amount, status, payment_method, created_at, completed_at, license_type,
    min_version, max_version, currency, fee, fee_bps, request_id, provider, provider_ref, failure_reason, released_at)
  select id, listing_id, prompt_id, buyer_id, seller_id, amount, case when is_paid then 'COMPLETED' else 'FAILED' end, 'pm_card_visa',
    pg_temp.at(ms), pg_temp.at(ms), 'PERSONAL', 1, max_version, 'USD', fee, 2000, pg_temp.id(31, n, ms), 'stripe', 'pi_scale_' || n,
    case when not is_paid then 'card_declined' end, case when is_paid and ${RELEASED} then pg_temp.at(ms) + interval '14 days' end
  from bought order by ms`

async function insertLicenses({ run }: Maker, secret: string): Promise<string[]> {
  const some: string[] = []
  for (let after = 0; ; after += BATCH) {
    const sold = await run<{ license_id: string }>(
      `select license_id from bought where is_paid and n > ${after} and n <= ${after + BATCH} order by n`,
    )
    const { secretId, sealed } = sealLicenseKeys(
      secret,
      sold.map((row) => row.license_id),
    )
    await run(
      `insert into licenses (id, transaction_id, prompt_id, buyer_id, license_type, created_at, seller_id, min_version, max_version, license_key_hash,
        license_key_enc, secret_id, key_hint)
      select b.license_id, b.id, b.prompt_id, b.buyer_id, 'PERSONAL', pg_temp.at(b.ms), b.seller_id, 1, b.max_version, k.hash, k.sealed, $5, k.hint
      from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[]) k (id, hash, sealed, hint) join bought b on b.license_id = k.id`,
      [
        sealed.map(({ id }) => id),
        sealed.map(({ hash }) => hash),
        sealed.map((one) => one.sealed),
        sealed.map(({ hint }) => hint),
        secretId,
      ],
    )
    if (some.length < 2000) some.push(...sealed.map(({ key }) => key))
    const [more] = await run<{ more: boolean }>(`select exists (select from bought where n > ${after + BATCH}) as more`)
    if (!more!.more) return some
  }
}

const CENTS = '(amount * 100)::bigint as amount, (fee * 100)::bigint as fee, ((amount - fee) * 100)::bigint as share'
const LEDGER = [
  `create temp table posted as select n, id, seller_id, ms, ${CENTS}, ${RELEASED} as is_released from bought where is_paid`,
  `insert into ledger_postings (id, transaction_id, kind, seller_id, currency, created_at, fee, pending, available)
  select pg_temp.id(32, n, ms), id, 'PURCHASE', seller_id, 'USD', pg_temp.at(ms), fee, share, 0 from posted order by ms`,
  `insert into ledger_entries (posting_id, account, amount, currency)
  select pg_temp.id(32, n, ms), e.account, e.amount, 'USD'
  from posted p, lateral (values ('EXTERNAL', -p.amount), ('SELLER_PENDING', share), ('FEE', fee)) e (account, amount) order by ms`,
  `insert into ledger_postings (id, transaction_id, kind, seller_id, currency, created_at, fee, pending, available)
  select pg_temp.id(33, n, ms), id, 'RELEASE', seller_id, 'USD', pg_temp.at(ms) + interval '14 days', 0, -share, share
  from posted where is_released order by ms`,
  `insert into ledger_entries (posting_id, account, amount, currency)
  select pg_temp.id(33, n, ms), e.account, e.amount, 'USD'
  from posted p, lateral (values ('SELLER_PENDING', -share), ('SELLER_AVAILABLE', share)) e (account, amount)
  where is_released order by ms`,
  `insert into seller_balances (seller_id, currency, pending, available)
  select seller_id, 'USD', coalesce(sum(share) filter (where not is_released), 0), coalesce(sum(share) filter (where is_released), 0)
  from posted group by 1`,
]
