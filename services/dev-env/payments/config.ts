import { loadConfig, required, type Schema } from '#chassis/config.ts'

/** The configuration of the payment provider's process. */
export type ProviderConfig = {
  key: string
  webhookSecret: string
  journal: string
  laterMs: number
}

const schema: Schema<ProviderConfig> = {
  key: { doc: 'The only key that it takes.', format: required, default: '', env: 'KEY', sensitive: true },
  webhookSecret: {
    doc: 'Signs the events.',
    format: required,
    default: '',
    env: 'WEBHOOK_SECRET',
    sensitive: true,
  },
  journal: {
    doc: 'File of the journal. Empty: nothing survives the process.',
    format: String,
    default: '',
    env: 'JOURNAL',
  },
  laterMs: {
    doc: 'Milliseconds until what happens “some time later”: disputes, ends of refunds.',
    format: 'nat',
    default: 500,
    env: 'LATER_MS',
  },
}

/** Reads it from the environment. */
export const loadProviderConfig = () => loadConfig(schema)

/** The environment that says so. */
export const environmentOf = ({ key, webhookSecret, journal, laterMs }: ProviderConfig) => ({
  KEY: key,
  WEBHOOK_SECRET: webhookSecret,
  JOURNAL: journal,
  LATER_MS: String(laterMs),
})
