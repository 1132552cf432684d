import { v7 } from 'uuid'
import { searchVector } from '#chassis/search/vector.ts'
import { createVault } from '#chassis/vault.ts'
import { KEYS_PURPOSE } from '../../services/marketplace/context.ts'
import { hashOfLicenseKey, hintOfLicenseKey, makeLicenseKey } from '../../services/marketplace/license-key.ts'
import { onDatabase } from '../processes/on-database.ts'
import type { Person } from './seed.ts'

const DESCRIPTION = 'A prompt to measure with, which belongs to lot0.'

/** Makes `count` listings of as many prompts, for 19.99 USD, and answers with their ids: sellers take turns, and so do categories. */
export async function fillListings(
  url: string,
  sellers: Person[],
  categories: string[],
  count: number,
): Promise<string[]> {
  const rows = await onDatabase<{ id: string }>(
    url,
    `insert into prompt_listings (id, prompt_id, seller_id, title, description, price, status, created_at, prompt_version,
      min_version, includes_updates, category, currency, exclusive, search)
    select uuidv7(made.age), uuidv7(made.age), o.sellers[1 + n % cardinality(o.sellers)], 'Prompt ' || n,
      replace($4, 'lot0', made.lot), 19.99, 'ACTIVE', now() + made.age, 1, 1, false, made.category, 'USD', false,
      replace(replace(replace($5, 'title0', n::text), 'category0', made.category), 'lot0', made.lot)::tsvector
    from generate_series($1, 1, -1) n -- oldest first
    cross join (select $2::uuid[] as sellers, $3::text[] as categories) o
    cross join lateral (
      select n * interval '-1 minute' as age, 'lot' || n % 100 as lot,
        o.categories[1 + n % cardinality(o.categories)] as category
    ) made
    returning id`,
    count,
    sellers.map(({ id }) => id),
    categories,
    DESCRIPTION,
    searchVector({ title: 'Prompt title0', tags: ['category0'], description: DESCRIPTION }),
  )
  await onDatabase(url, 'vacuum analyze')
  return rows.map(({ id }) => id)
}

/** Makes `count` licences, each of another listing and of somebody who is not there, and answers with their keys, which `secret` encrypts. */
export async function fillLicenses(url: string, secret: string, count: number): Promise<string[]> {
  const { secretId, sealed: made } = sealLicenseKeys(
    secret,
    Array.from({ length: count }, () => v7()),
  )
  await onDatabase(
    url,
    `with sold as (
      insert into transactions (id, listing_id, buyer_id, seller_id, amount, status, payment_method, created_at, completed_at,
        prompt_id, license_type, min_version, max_version, currency, fee, fee_bps, request_id, provider)
      select uuidv7(), l.id, uuidv7(), l.seller_id, l.price, 'COMPLETED', 'pm_card_visa', now(), now(),
        l.prompt_id, 'PERSONAL', 1, 1, l.currency, 4.00, 2000, uuidv7(), 'stripe'
      from prompt_listings l order by l.id limit cardinality($1::uuid[])
      returning *
    )
    insert into licenses (id, transaction_id, prompt_id, buyer_id, license_type, created_at, seller_id, min_version, max_version,
      license_key_hash, license_key_enc, secret_id, key_hint)
    select k.id, s.id, s.prompt_id, s.buyer_id, s.license_type, s.created_at, s.seller_id, s.min_version, s.max_version,
      k.hash, k.sealed, $5, k.hint
    from (select *, row_number() over () as n from sold) s
    join unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[]) with ordinality k (id, hash, sealed, hint, n) using (n)`,
    made.map(({ id }) => id),
    made.map(({ hash }) => hash),
    made.map(({ sealed }) => sealed),
    made.map(({ hint }) => hint),
    secretId,
  )
  await onDatabase(url, 'vacuum analyze')
  return made.map(({ key }) => key)
}

/** A key of a licence, and what is stored of it. */
export type SealedKey = { id: string; key: string; hash: Buffer; hint: string; sealed: Buffer }

/** Makes keys for licences with these ids, which `secret` encrypts; `secretId` is stored with them. */
export function sealLicenseKeys(secret: string, ids: string[]): { secretId: string; sealed: SealedKey[] } {
  const vault = createVault([secret], KEYS_PURPOSE)
  const sealed = ids.map((id) => {
    const key = makeLicenseKey()
    return { id, key, hash: hashOfLicenseKey(key), hint: hintOfLicenseKey(key), sealed: vault.seal(key, id).sealed }
  })
  return { secretId: vault.secretId, sealed }
}
