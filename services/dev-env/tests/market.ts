import { randomUUID } from 'node:crypto'
import type { SignedIn, TestNetwork } from './harness.ts'

/** An amount of US dollars as REST has it. */
export const usd = (cents: number, currencyCode = 'USD') => ({
  currencyCode,
  units: String(Math.trunc(cents / 100)),
  nanos: (cents % 100) * 10_000_000,
})

/** A listing, and the prompt that it sells. */
export type Listed = { listingId: string; promptId: string }

/** Writes a private prompt, and offers a PERSONAL licence of it for 19.99. */
export async function offer(
  { rest }: Pick<TestNetwork, 'rest'>,
  { token }: Pick<SignedIn, 'token'>,
  listing: object = {},
  prompt: object = {},
): Promise<Listed> {
  const written = await rest('POST /v1/prompts', {
    token,
    body: { title: 'For sale', content: 'One two three {{name}}', isPublic: false, ...prompt },
  })
  const promptId: string = written.body.prompt.id
  const body = { promptId, title: 'For sale', price: usd(1999), ...listing }
  const answer = await rest('POST /v1/listings', { token, body })
  if (answer.status !== 200)
    throw new Error(`the listing was answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return { listingId: answer.body.listing.listingId, promptId }
}

/** Buys a PERSONAL licence for 19.99 with a card that works; what is not given is ordinary. */
export const buy = (
  { rest }: Pick<TestNetwork, 'rest'>,
  { token }: Pick<SignedIn, 'token'>,
  listingId: string,
  body: object = {},
  headers: Record<string, string> = {},
) =>
  rest(`POST /v1/listings/${listingId}:purchase`, {
    token,
    headers,
    body: {
      licenseType: 'PERSONAL',
      paymentMethod: 'pm_card_visa',
      expectedPrice: usd(1999),
      requestId: randomUUID(),
      ...body,
    },
  })
