import { unauthenticated } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { LoginRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Deps } from '../context.ts'
import { findAccountByEmail, findAccountByUsername } from '../db/find-account.ts'
import { renewPasswordHash } from '../db/renew-password-hash.ts'
import { startSession } from '../db/start-session.ts'
import { attemptOf, isEmail } from '../sign-in.ts'
import { isInUse, signInSlowed } from './sign-in-attempt.ts'
import { toFullUser } from './view.ts'

export const login =
  ({ passwords, newSession }: Pick<Deps, 'passwords' | 'newSession'>) =>
  ({ login: name, password }: LoginRequest, { sql, origin, signal }: PublicCall) => {
    const { account, address } = attemptOf(name, origin.address)
    const find = isEmail(name) ? findAccountByEmail : findAccountByUsername
    // A try is counted and forgiven in its turn: what waits for one has not been counted, and right passwords are not in each other's way.
    return passwords.inTurn(address, signal, async ({ hash, verify }) => {
      const row = (await sql(find, { login: name, account, address }))[0]!
      if (row.wait_ms !== null) throw signInSlowed(row.wait_ms)

      const isRight = await verify(password, row.id === null ? undefined : row.password)
      if (!isRight || !isInUse(row)) throw wrongCredentials()

      if (passwords.isOutdated(row.password)) {
        const after = await hash(password)
        await sql(renewPasswordHash, { userId: row.id, before: row.password, after })
      }
      const session = await newSession()
      const { id: tokenId, hash: tokenHash, issuedAt, expiresAt } = session
      const owner = { userId: row.id, passwordRevision: row.password_revision }
      const started = { ...owner, tokenId, tokenHash, issuedAt, expiresAt, account, address }
      const stored = await sql(startSession, { ...started, ...eventValues(origin) })
      if (stored.length === 0) throw wrongCredentials()
      return { user: toFullUser(row), tokens: await session.tokensFor(row) }
    })
  }

const wrongCredentials = () =>
  unauthenticated('CREDENTIALS_INVALID', 'no active account has this name and password: check both')
