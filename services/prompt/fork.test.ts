import { describe, expect, test } from '@jest/globals'
import { type ForkLicence, forkVisibility } from './fork.ts'

type Source = Parameters<typeof forkVisibility>[0]

const prompt = (fields: Partial<Source> = {}): Source => ({
  user_id: 'owner',
  is_public: true,
  status: 'PUBLISHED',
  version: 5,
  public_from_version: 3,
  deleted_at: null,
  forked_private: false,
  ...fields,
})

const licence = (fields: Partial<ForkLicence> = {}): ForkLicence => ({
  licenseType: 'COMMERCIAL',
  minVersion: 1,
  ...fields,
})

const fork = (
  source: Source,
  { by = 'somebody', licences = [] as ForkLicence[], wanted = undefined as boolean | undefined } = {},
) => forkVisibility(source, licences, by, wanted)
const refused = (what: Record<string, string>) => expect.objectContaining(what)

const PRIVATE = { is_public: false }
const open = { forkedPrivate: false, isPublic: true }
const hidden = { forkedPrivate: false, isPublic: false }

describe('a fork', () => {
  test('of what anyone may read is public unless its owner wants it private', () => {
    expect(fork(prompt())).toEqual(open)
    expect(fork(prompt({ status: 'ARCHIVED' }))).toEqual(open)
    expect(fork(prompt(), { wanted: false })).toEqual(hidden)
  })

  test('of one’s own hidden prompt is private unless its owner wants it public', () => {
    for (const source of [prompt(PRIVATE), prompt({ status: 'DRAFT' })]) {
      expect(fork(source, { by: 'owner' })).toEqual(hidden)
      expect(fork(source, { by: 'owner', wanted: true })).toEqual(open)
    }
  })

  test('of what only a licence opens is private, and so are its own forks', () => {
    const closed = { forkedPrivate: true, isPublic: false }
    const licences = [licence()]
    const ofFork = prompt({ ...PRIVATE, forked_private: true })
    expect(fork(prompt(PRIVATE), { licences })).toEqual(closed)
    expect(fork(ofFork, { by: 'owner' })).toEqual(closed)
    const notPublishable = refused({ reason: 'FORK_NOT_PUBLISHABLE' })
    expect(() => fork(prompt(PRIVATE), { licences, wanted: true })).toThrow(notPublishable)
    expect(() => fork(ofFork, { by: 'owner', wanted: true })).toThrow(notPublishable)
  })

  const personal = licence({ licenseType: 'PERSONAL' })

  test.each([
    ['a PERSONAL one', [personal]],
    ['a COMMERCIAL one of former versions', [personal, licence({ maxVersion: 4 })]],
    ['a COMMERCIAL one of later versions', [personal, licence({ minVersion: 6 })]],
  ])('needs a COMMERCIAL licence of the head where the prompt is not public, not %s', (_, licences) => {
    expect(() => fork(prompt(PRIVATE), { licences })).toThrow(refused({ reason: 'FORK_NOT_ALLOWED' }))
    expect(fork(prompt(), { licences })).toEqual(open)
  })

  test('is refused as if there were nothing to somebody who may not read the head', () => {
    const noPrompt = refused({ reason: 'RESOURCE_NOT_FOUND', message: 'no such prompt' })
    expect(() => fork(prompt(PRIVATE))).toThrow(noPrompt)
    expect(() => fork(prompt({ status: 'DRAFT' }))).toThrow(noPrompt)
    expect(() => fork(prompt({ deleted_at: new Date() }), { by: 'owner' })).toThrow(noPrompt)
    const former = [licence({ maxVersion: 4 })]
    expect(() => fork(prompt(PRIVATE), { licences: former })).toThrow(refused({ message: 'no such version' }))
  })
})
