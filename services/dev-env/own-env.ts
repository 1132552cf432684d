import { paymentSecrets, type Secrets } from './secrets.ts'

/** The environment that a service of this machine gets beyond what every service gets, by its name. */
export const OWN_ENV: Record<string, (secrets: Secrets) => Record<string, string>> = {
  user: (secrets) => ({ PF_SIGNING_KEY_SECRET: secrets.signingKeys, PF_BCRYPT_COST: '10' }),
  prompt: (secrets) => ({ PF_VIEWER_SECRET: secrets.viewers }),
  test: (secrets) => ({ PF_PROVIDER_KEY_SECRET: secrets.providerKeys }),
  marketplace: (secrets) => ({
    PF_LICENSE_KEY_SECRET: secrets.licenseKeys,
    PF_LICENSE_SIGNING_KEY_SECRET: secrets.licenseSigningKeys,
    PF_PAYMENTS_KEY: paymentSecrets(secrets).key,
    PF_PAYMENTS_WEBHOOK_SECRET: paymentSecrets(secrets).webhookSecret,
  }),
}
