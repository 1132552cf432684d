import { readFileSync } from 'node:fs'
import { v5 } from 'uuid'
import { z } from 'zod'
import { OWN_KEYS_LANE } from '#contracts/events.ts'
import { allowPublicAnd } from './providers/addresses.ts'
import type { Price } from './money.ts'
import type { Target } from './providers/target.ts'

/** A model that tests can run on. */
export type Model = {
  provider: string
  /** One that ends with `*` stands for all names that begin with what is before it. */
  name: string
  maxOutputTokens: number
  /** Ascending by the time from which they are valid. */
  prices: DatedPrice[]
  /** Where and with what key it is called. */
  target: Target
}

/** A price, and from when it is valid. Its id is made of both and the model's names, so all replicas know it. */
export type DatedPrice = Price & { id: string; validFrom: Date }

/** The models of the operator's file. */
export type Models = {
  /** By provider and name. */
  all: readonly Model[]
  /** Undefined: there is no such model. */
  find(provider: string, name: string): Model | undefined
}

const NAMESPACE = 'f3d1c0d4-3f0b-4f5e-9a52-6a4f2d1f0a77'

const amount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
const network = z.string().refine(isNetwork, { error: 'must be a network, as 10.0.0.0/8' })

const FILE = z.strictObject({
  providers: z.array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,49}$/)
        .refine((name) => name !== OWN_KEYS_LANE, { error: `${OWN_KEYS_LANE} is the lane of users’ own keys` }),
      protocol: z.enum(['openai', 'anthropic', 'google', 'openai-compatible']),
      baseUrl: z.url({ protocol: /^https?$/ }),
      allowedNetworks: z.array(network).default([]),
      models: z
        .array(
          z.strictObject({
            name: z.string().min(1).max(50),
            maxOutputTokens: z.number().int().positive().max(1_000_000),
            // A model whose limit does not bind its thoughts could cost more than is reserved.
            maxTokensCoversReasoning: z.literal(true),
            prices: z
              .array(
                z.strictObject({
                  validFrom: z.iso.datetime(),
                  input: amount,
                  cacheRead: amount,
                  cacheWrite: amount,
                  output: amount,
                }),
              )
              .default([]),
          }),
        )
        .min(1),
    }),
  ),
})

const KEYS = z.record(z.string(), z.string().min(1))

/**
 * Reads the operator's providers, and their keys. An empty path: there are none. Throws one error that names everything that is wrong with a
 * file; never with a key in it.
 */
export function loadModels(providersFile: string, keysFile: string): Models {
  if (providersFile === '') return modelsOf([])
  const { providers } = parse(providersFile, FILE)
  const keys = keysFile === '' ? {} : parse(keysFile, KEYS)
  const all = providers.flatMap(({ name: provider, protocol, baseUrl, allowedNetworks, models }) => {
    const target = { provider, protocol, baseUrl, allowedNetworks, apiKey: keys[provider] }
    return models.map(({ name, maxOutputTokens, prices }) => ({
      provider,
      name,
      maxOutputTokens,
      target,
      prices: prices.map((price) => datedPrice(provider, name, price)).toSorted((a, b) => +a.validFrom - +b.validFrom),
    }))
  })
  const names = all.map(({ provider, name }) => `${provider} ${name}`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice) throw new Error(`${providersFile}: ${twice} is there twice`)
  return modelsOf(all)
}

/** The names of the providers in the operator's file: each has a lane of its own. */
export const lanesOf = (providersFile: string): string[] =>
  providersFile === '' ? [] : parse(providersFile, FILE).providers.map(({ name }) => name)

function parse<T>(file: string, schema: z.ZodType<T>): T {
  const { success, data, error } = schema.safeParse(readJson(file))
  if (success) return data
  const problems = error.issues.map(({ path, message }) => `  ${path.join('.') || 'the file'}: ${message}`)
  throw new Error([`${file} is not as it should be:`, ...problems].join('\n'))
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    // The message of a syntax error quotes what it stumbled over, which may be a key.
    const reason = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message
    throw new Error(`cannot read ${file}: ${reason}`)
  }
}

function isNetwork(text: string): boolean {
  try {
    allowPublicAnd([text])
    return true
  } catch {
    return false
  }
}

type WrittenPrice = { validFrom: string; input: number; cacheRead: number; cacheWrite: number; output: number }

function datedPrice(provider: string, name: string, { validFrom, ...amounts }: WrittenPrice): DatedPrice {
  const at = new Date(validFrom)
  return {
    id: v5(JSON.stringify([provider, name, at.toISOString()]), NAMESPACE),
    validFrom: at,
    input: BigInt(amounts.input),
    cacheRead: BigInt(amounts.cacheRead),
    cacheWrite: BigInt(amounts.cacheWrite),
    output: BigInt(amounts.output),
  }
}

function modelsOf(models: Model[]): Models {
  const key = ({ provider, name }: Model) => `${provider} ${name}`
  const all = models.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
  return {
    all,
    find: (provider, name) => {
      const own = all.filter((model) => model.provider === provider)
      return own.find((one) => one.name === name) ?? longest(own.filter((one) => matches(one.name, name)))
    },
  }
}

const matches = (pattern: string, name: string) => pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1))

const longest = (models: Model[]) => models.toSorted((a, b) => b.name.length - a.name.length)[0]

/** The price of a test that its owner runs with an own key on a model without one: nothing. It is of before all prices. */
export const noPrice = ({ provider, name }: Model): DatedPrice =>
  datedPrice(provider, name, { validFrom: new Date(0).toISOString(), input: 0, cacheRead: 0, cacheWrite: 0, output: 0 })

/** The price that is valid then; undefined before the first. */
export const priceAt = ({ prices }: Model, at: Date) => prices.findLast(({ validFrom }) => validFrom <= at)
