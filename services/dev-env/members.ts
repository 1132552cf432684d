import { join } from 'node:path'
import { type Authority, MESH, openAuthority } from './infra/authority.ts'
import { MEMBERS } from '../services.ts'

/** The member of people's clients. */
const CLIENT = 'client'

/** Opens the authority in `<state>/certificates`, or makes it, and gives every member its certificate there. */
export async function openMembers(state: string): Promise<Authority> {
  const authority = await openAuthority(join(state, 'certificates'), MESH)
  for (const member of [...MEMBERS, CLIENT]) await authority.issue(member)
  return authority
}
