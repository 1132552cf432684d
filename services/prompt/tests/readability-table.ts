import { type Person, type PromptTest, startPromptService } from './harness.ts'

// The readability table of data.md. A prompt has versions 1 to 5 and was made public at 3; the licence is for 2 to 4, the
// other licence for 2 and all later ones.
/** Who reads. `nobody` has no token. */
export type Reader = 'owner' | 'anyone' | 'nobody' | 'licensee' | 'follower of all versions'
/** What is read: the prompt with its head content, the prompt without it, only versions, or nothing. */
type Sight = 'all' | 'no content' | 'versions' | 'nothing'
type Row = [state: string, columns: Record<string, unknown>, sights: Record<Reader, [Sight, ...[number, number][]]>]

const hidden = ['nothing'] as [Sight]
const everything = ['all', [1, 5]] as [Sight, [number, number]]

const TABLE: Row[] = [
  [
    'public and published',
    {},
    {
      owner: everything,
      anyone: ['all', [3, 5]],
      nobody: ['all', [3, 5]],
      licensee: ['all', [2, 5]],
      'follower of all versions': ['all', [2, 5]],
    },
  ],
  [
    'private and published',
    { is_public: false },
    {
      owner: everything,
      anyone: hidden,
      nobody: hidden,
      licensee: ['no content', [2, 4]],
      'follower of all versions': ['all', [2, 5]],
    },
  ],
  [
    'public and archived',
    { status: 'ARCHIVED' },
    {
      owner: everything,
      anyone: ['all', [3, 5]],
      nobody: ['all', [3, 5]],
      licensee: ['all', [2, 5]],
      'follower of all versions': ['all', [2, 5]],
    },
  ],
  [
    'private and archived',
    { status: 'ARCHIVED', is_public: false },
    {
      owner: everything,
      anyone: hidden,
      nobody: hidden,
      licensee: ['no content', [2, 4]],
      'follower of all versions': ['all', [2, 5]],
    },
  ],
  [
    'a draft, public once it is published',
    { status: 'DRAFT' },
    {
      owner: everything,
      anyone: hidden,
      nobody: hidden,
      licensee: ['no content', [2, 4]],
      'follower of all versions': ['all', [2, 5]],
    },
  ],
  [
    'deleted',
    { deleted_at: new Date() },
    {
      owner: hidden,
      anyone: hidden,
      nobody: hidden,
      licensee: ['versions', [2, 4]],
      'follower of all versions': ['versions', [2, 5]],
    },
  ],
]

/** The table, a case for each state and reader. */
export const CASES = TABLE.flatMap(([state, columns, sights]) =>
  Object.entries(sights).map(([reader, [sight, ...ranges]]) => ({
    state,
    columns,
    reader: reader as Reader,
    sight,
    ranges: ranges.map(([from, to]) => ({ from, to })),
  })),
)

/** Starts the service with the readers of the table, and what arranges a prompt of the owner in a state. */
export async function startReadable() {
  const service: PromptTest = await startPromptService()
  const [owner, anyone, licensee, follower] = (await Promise.all(
    ['owner', 'anyone', 'licensee', 'follower'].map((name) => service.person(name)),
  )) as [Person, Person, Person, Person]
  const people = { owner, anyone, licensee, 'follower of all versions': follower }

  /** Creates a prompt, lets `before` happen to it while it is public, and brings it to a state. */
  const arrange = async (columns: Record<string, unknown>, before = async (_promptId: string) => {}) => {
    const { id } = await service.create(owner, { title: 'T', description: 'D', tags: ['t'], content: 'secret' })
    await service.entitle(id, licensee.userId, { minVersion: 2, maxVersion: 4 })
    await service.entitle(id, follower.userId, { minVersion: 2 })
    await before(id)
    await service.set(id, { version: 5, public_from_version: 3, ...columns })
    return id
  }

  return {
    ...service,
    people,
    arrange,
    callerOf: (reader: Reader) => (reader === 'nobody' ? {} : people[reader].as),
  }
}
