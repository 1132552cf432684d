import { OWN_KEYS_LANE } from '#contracts/events.ts'
import type { DatedPrice, Model } from './models.ts'

/** What is to be run. */
export type NewTest = {
  promptId: string
  version: number
  contentHash: string
  /** The text that the model gets. */
  text: string
  values: Record<string, string>
  model: Model
  modelName: string
  price: DatedPrice
  temperature: number | null
  maxTokens: number
  retryOf: string | null
  /** The caller's own key that the model is called with; null: the operator's. */
  keyId: string | null
}

/** Where a test waits for its worker. */
export const laneOf = ({ keyId, model }: Pick<NewTest, 'keyId' | 'model'>) =>
  keyId === null ? model.provider : OWN_KEYS_LANE
