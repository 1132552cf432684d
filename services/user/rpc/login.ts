import { exhausted, unauthenticated } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { LoginRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Deps } from '../context.ts'
import { type AccountRow, findAccountByEmail, findAccountByUsername } from '../db/find-account.ts'
import type { ProfileRow } from '../db/profile.ts'
import { renewPasswordHash } from '../db/renew-password-hash.ts'
import { startSession } from '../db/start-session.ts'
import { attemptOf, isEmail } from '../sign-in.ts'
import { toFullUser } from './view.ts'

export const login =
  ({ passwords, newSession }: Pick<Deps, 'passwords' | 'newSession'>) =>
  ({ login: name, password }: LoginRequest, { sql, origin, signal }: PublicCall) => {
    const { account, address } = attemptOf(name, origin.address)
    const find = isEmail(name) ? findAccountByEmail : findAccountByUsername
    // A try is counted and forgiven in its turn: what waits for one has not been counted, and right passwords are not in each other's way.
    return passwords.inTurn(address, signal, async ({ hash, verify }) => {
      const row = (await sql(find, { login: name, account, address }))[0]!
      if (row.wait_ms !== null) throw slowed(row.wait_ms)

      const isRight = await verify(password, row.id === null ? undefined : row.password)
      if (!isRight || !isInUse(row))
        throw unauthenticated('CREDENTIALS_INVALID', 'no active account has this name and password: check both')

      if (passwords.isOutdated(row.password)) {
        const after = await hash(password)
        await sql(renewPasswordHash, { userId: row.id, before: row.password, after })
      }
      const session = await newSession()
      const { id: tokenId, hash: tokenHash, issuedAt, expiresAt } = session
      const started = { userId: row.id, tokenId, tokenHash, issuedAt, expiresAt, account, address }
      await sql(startSession, { ...started, ...eventValues(origin) })
      return { user: toFullUser(row), tokens: await session.tokensFor(row) }
    })
  }

const isInUse = (row: AccountRow): row is AccountRow & ProfileRow => row.status === 'ACTIVE'

const slowed = (waitMs: number) =>
  exhausted('SIGN_IN_SLOWED', 'too many sign-ins for this account have failed here: wait before the next one', waitMs)
