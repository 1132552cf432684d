import { randomUUID } from 'node:crypto'
import { badToken, OTHER, type RestCase, type Scene } from './bad-input-cases.ts'
import type { RestOptions } from './harness.ts'
import { usd } from './market.ts'
import { signatureOf } from '../payments/webhooks.ts'

type Refusal = Pick<RestCase, 'status' | 'reason' | 'fields'>
type Body = Record<string, unknown>

const invalid = (...fields: string[]): Refusal => ({ status: 400, reason: 'VALIDATION_FAILED', fields })
const refused = (reason: string): Refusal => ({ status: 400, reason })
const REJECTED = refused('REQUEST_REJECTED')
const NOT_FOUND = { status: 404, reason: 'RESOURCE_NOT_FOUND' }
const UNSIGNED = { status: 401, reason: 'TOKEN_MISSING' }
const FORGED = { status: 401, reason: 'SIGNATURE_INVALID' }

const money = (units: string | number, nanos = 0, currencyCode = 'USD') => ({ currencyCode, units, nanos })

/** Ann offers a prompt of hers. */
const list = (
  name: string,
  refusal: Refusal,
  body: Body,
  whose: (scene: Scene) => string = ({ prompts }) => prompts.archivedPrivate,
): RestCase => ({
  name: `listing: ${name}`,
  request: (scene) => [
    'POST /v1/listings',
    { token: scene.ann.token, body: { promptId: whose(scene), title: 'For sale', price: usd(1999), ...body } },
  ],
  ...refusal,
})

/** Ben buys Ann's listing. */
const buy = (
  name: string,
  refusal: Refusal,
  body: (scene: Scene) => Body,
  {
    which = ({ market }: Scene) => market.listing,
    who = ({ ben }: Scene) => ben as { token: string | undefined },
  } = {},
): RestCase => ({
  name: `purchase: ${name}`,
  request: (scene) => [
    `POST /v1/listings/${which(scene)}:purchase`,
    {
      token: who(scene).token,
      body: {
        licenseType: 'PERSONAL',
        paymentMethod: 'pm_card_visa',
        expectedPrice: usd(1999),
        requestId: randomUUID(),
        ...body(scene),
      },
    },
  ],
  ...refusal,
})

const at = (name: string, expectedPrice: unknown, refusal = invalid('expected_price')) =>
  buy(name, refusal, () => ({ expectedPrice }))

/** Somebody sends a notice of a payment. */
const notice = (
  name: string,
  refusal: Refusal,
  sign: (body: string, secret: string) => string | undefined,
  body = '{"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_1"}}}',
): RestCase => ({
  name: `notice: ${name}`,
  request: ({ market }) => {
    const signature = sign(body, market.webhookSecret)
    const options: RestOptions = { body, headers: signature === undefined ? {} : { 'stripe-signature': signature } }
    return ['POST /v1/payments/webhook', options]
  },
  ...refusal,
})

const seconds = (ago: number) => Math.floor(Date.now() / 1000) - ago

/** The table over REST of the marketplace. */
export const MARKET_CASES: RestCase[] = [
  list('a prompt that there is not', NOT_FOUND, {}, () => OTHER),
  {
    name: 'listing: a foreign prompt',
    request: ({ ben, prompts }) => [
      'POST /v1/listings',
      { token: ben.token, body: { promptId: prompts.private, title: 'Not mine', price: usd(1999) } },
    ],
    ...NOT_FOUND,
  },
  {
    name: 'listing: a foreign prompt that anyone may read',
    request: ({ ben, prompts }) => [
      'POST /v1/listings',
      { token: ben.token, body: { promptId: prompts.public, title: 'Not mine', price: usd(1999) } },
    ],
    ...NOT_FOUND,
  },
  {
    name: 'listing: anonymous',
    request: ({ prompts }) => [
      'POST /v1/listings',
      { body: { promptId: prompts.private, title: 'Mine', price: usd(1999) } },
    ],
    ...UNSIGNED,
  },
  list('a prompt that anyone may read', refused('PROMPT_IS_PUBLIC'), {}, ({ prompts }) => prompts.public),
  list('a prompt that was deleted', NOT_FOUND, {}, ({ prompts }) => prompts.deleted),
  list('a prompt that is listed', refused('ALREADY_LISTED'), {}, ({ prompts }) => prompts.private),
  list('a prompt whose id is none', invalid('prompt_id'), {}, () => 'one'),
  list('a version that is not there', NOT_FOUND, { promptVersion: 99 }),
  list('a version below 0', invalid('prompt_version'), { promptVersion: -1 }),
  list('from a later version than the one that is sold', invalid('min_version'), { promptVersion: 1, minVersion: 2 }),
  list('without anything', invalid('price', 'title'), { title: '', price: null }),
  list('a title of 201 characters', invalid('title'), { title: 'x'.repeat(201) }),
  list('a description of 5,001 characters', invalid('description'), { description: 'x'.repeat(5001) }),
  list('a category in capitals', invalid('category'), { category: 'Writing' }),
  list('a price of −50', invalid('price'), { price: money(-50) }),
  list('a price of nothing', invalid('price'), { price: money(0) }),
  list('a price below the least', invalid('price'), { price: money(0, 490_000_000) }),
  list('a price of parts of a cent', invalid('price'), { price: money(19, 999_000_000) }),
  list('a price of two signs', invalid('price'), { price: money(19, -10_000_000) }),
  list('a price of too many nanos', invalid('price'), { price: money(19, 1_000_000_000) }),
  list('a price of 100,000,000.00', invalid('price'), { price: money('100000000') }),
  list('a price of more than a number has', REJECTED, { price: money('99999999999999999999') }),
  list('a price with a point', REJECTED, { price: money('19.99') }),
  list('a price that is no money', REJECTED, { price: '19.99' }),
  list('a price in JPY', invalid('price.currency_code'), { price: money(1999, 0, 'JPY') }),
  list('a price in KWD', invalid('price.currency_code'), { price: money(19, 0, 'KWD') }),
  list('a price in usd', invalid('price.currency_code'), { price: money(19, 0, 'usd') }),
  list('a price in nothing', invalid('price.currency_code'), { price: money(19, 0, '') }),
  list('a COMMERCIAL price below the other', invalid('commercial_price'), { commercialPrice: usd(1998) }),
  list('a COMMERCIAL price in another currency', invalid('commercial_price.currency_code'), {
    commercialPrice: usd(9900, 'EUR'),
  }),
  list('for no day', invalid('duration_days'), { durationDays: 0 }),
  list('for more than ten years', invalid('duration_days'), { durationDays: 3651 }),
  list('four samples', invalid('sample_test_ids'), {
    sampleTestIds: Array.from({ length: 4 }, () => randomUUID()),
  }),
  list('a sample twice', invalid('sample_test_ids'), { sampleTestIds: [OTHER, OTHER] }),
  list('a sample that there is not', refused('SAMPLE_UNUSABLE'), { sampleTestIds: [OTHER] }),
  list('a sample whose id is none', invalid('sample_test_ids[0]'), { sampleTestIds: ['one'] }),
  list('a request id that is none', invalid('request_id'), { requestId: 'one' }),
  list('a field that there is not', refused('UNKNOWN_FIELD'), { sellerId: OTHER }),
  { name: 'listing: one that there is not', request: () => [`GET /v1/listings/${OTHER}`], ...NOT_FOUND },
  { name: 'listing: an id that is none', request: () => ['GET /v1/listings/one'], ...invalid('listing_id') },

  buy('the buyer’s own listing', refused('OWN_LISTING'), () => ({}), { who: ({ ann }) => ann }),
  buy('anonymous', UNSIGNED, () => ({}), { who: () => ({ token: undefined }) }),
  buy('of a listing that there is not', NOT_FOUND, () => ({}), { which: () => OTHER }),
  buy('of a listing whose id is none', invalid('listing_id'), () => ({}), { which: () => 'one' }),
  buy('of what the buyer has', refused('ALREADY_LICENSED'), () => ({}), { which: ({ market }) => market.bought }),
  buy('one id for two purchases', refused('REQUEST_ID_REUSED'), ({ market }) => ({ requestId: market.requestId })),
  buy('without a request id', invalid('request_id'), () => ({ requestId: undefined })),
  buy('a request id that is none', invalid('request_id'), () => ({ requestId: 'one' })),
  buy('of no type', invalid('license_type'), () => ({ licenseType: undefined })),
  buy('of a type that there is not', REJECTED, () => ({ licenseType: 'STOLEN' })),
  buy('of a type that is not sold', refused('LICENSE_TYPE_NOT_SOLD'), () => ({ licenseType: 'COMMERCIAL' })),
  buy('without a payment method', invalid('payment_method'), () => ({ paymentMethod: '' })),
  buy('with the number of a card', invalid('payment_method'), () => ({ paymentMethod: '4242424242424242' })),
  buy('with a payment method of 51 characters', invalid('payment_method'), () => ({ paymentMethod: 'x'.repeat(51) })),
  buy('for somebody else', refused('UNKNOWN_FIELD'), ({ ann }) => ({ buyerId: ann.id })),
  at('without a price', undefined),
  at('at another price', usd(1998), { status: 409, reason: 'PRICE_CHANGED' }),
  at('in another currency', usd(1999, 'EUR'), { status: 409, reason: 'PRICE_CHANGED' }),
  at('at −50', money(-50)),
  at('at nothing', usd(0)),
  at('at parts of a cent', money(19, 999_999_999)),
  at('at 100,000,000.00', money('100000000')),
  at('in JPY', money(1999, 0, 'JPY'), invalid('expected_price.currency_code')),
  at('at a price that is a number', 19.99, REJECTED),

  notice('not signed', FORGED, () => undefined),
  notice('forged', FORGED, (body) => signatureOf(body, 'whsec_of_somebody_else')),
  notice('signed for other bytes', FORGED, (body, secret) => signatureOf(`${body}\n`, secret)),
  notice('stale', FORGED, (body, secret) => signatureOf(body, secret, seconds(301))),
  notice('replayed after five minutes with its time of now', FORGED, (body, secret) =>
    signatureOf(body, secret, seconds(400)).replace(/^t=\d+/, `t=${seconds(0)}`),
  ),
  notice('with a signature that is none', FORGED, () => 'v1=;t='),
  notice('that is none', invalid('raw'), signatureOf, '{"id": 1}'),
  notice('that is no JSON', invalid('raw'), signatureOf, 'id=evt_1'),

  ...badToken('a licence document', ({ tokens }) => tokens.licenseDocument),
]
