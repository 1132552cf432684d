import { failedPrecondition, notFound } from '#chassis/errors.ts'
import { accessTo, isOwnedBy, isRevealed, readsHead, type Readable } from './prompt.ts'

/** A licence of somebody who forks, as far as it matters for that. */
export type ForkLicence = {
  licenseType: 'PERSONAL' | 'COMMERCIAL'
  minVersion: number
  maxVersion?: number | null
}

/** Whether a fork may ever be public, and whether it is. */
export type ForkVisibility = { forkedPrivate: boolean; isPublic: boolean }

/**
 * Whether somebody may fork the head version of a prompt, and who may see the fork. Anyone may fork what anyone may read; a licence must be
 * COMMERCIAL, and its fork stays private, so that a fork never makes public what was not. `wanted` is what was asked for. Throws
 * NOT_FOUND and FAILED_PRECONDITION.
 */
export function forkVisibility(
  prompt: Omit<Readable, 'licences'> & { forked_private: boolean },
  licences: ForkLicence[],
  forkerId: string,
  wanted: boolean | undefined,
): ForkVisibility {
  const { version } = prompt
  const ranges = licences
    .filter(({ minVersion }) => minVersion <= version)
    .map((licence): [number, number] => [licence.minVersion, lastVersion(licence, version)])
  const access = accessTo({ ...prompt, licences: ranges }, forkerId)
  if (!access) throw notFound('prompt')
  if (!readsHead(access, version)) throw notFound('version')
  const isOwn = isOwnedBy(prompt, forkerId)
  const isOpen = isRevealed(prompt)
  if (!isOwn && !isOpen && !licences.some((licence) => allowsForks(licence, version))) {
    throw failedPrecondition('FORK_NOT_ALLOWED', 'a PERSONAL licence allows no forks: buy a COMMERCIAL one')
  }
  const forkedPrivate = isOwn ? prompt.forked_private : !isOpen
  if (forkedPrivate && wanted) throw forkNotPublishable()
  return { forkedPrivate, isPublic: wanted ?? isOpen }
}

/** FAILED_PRECONDITION: what was forked was not public, so neither is the fork. */
export const forkNotPublishable = () =>
  failedPrecondition('FORK_NOT_PUBLISHABLE', 'a fork of a private prompt cannot be made public')

const lastVersion = ({ maxVersion }: ForkLicence, head: number) => Math.min(maxVersion ?? head, head)

const allowsForks = (licence: ForkLicence, head: number) =>
  licence.licenseType === 'COMMERCIAL' && licence.minVersion <= head && lastVersion(licence, head) === head
