import { defineEntity, p } from '@mikro-orm/postgresql'

/** Failed sign-ins for one account from one network, since the last success. `account` is a SHA-256 of what was typed. */
export const SignInFailure = defineEntity({
  name: 'SignInFailure',
  tableName: 'sign_in_failures',
  properties: {
    account: p.blob().primary(),
    address: p.string().length(45).primary(),
    failures: p.integer(),
    retryAt: p.datetime(3),
  },
})
