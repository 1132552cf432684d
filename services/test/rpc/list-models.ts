import type { Deps } from '../context.ts'
import { priceAt } from '../models.ts'

export const listModels =
  ({ models }: Pick<Deps, 'models'>) =>
  async () => {
    const now = new Date()
    const priced = models.all.flatMap((model) => {
      const price = priceAt(model, now)
      return price ? [{ ...model, price }] : []
    })
    return {
      models: priced.map(({ provider, name, maxOutputTokens, price }) => ({
        provider,
        name,
        maxOutputTokens,
        price: { input: price.input, cacheRead: price.cacheRead, cacheWrite: price.cacheWrite, output: price.output },
      })),
    }
  }
