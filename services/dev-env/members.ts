import { join } from 'node:path'
import { type Authority, MESH, openAuthority } from './infra/authority.ts'
import { SERVICES } from '../services.ts'

/** Members of the mesh that are no services: `deploy` makes streams, `client` is for people's clients. */
const OTHERS = ['gateway', 'nats', 'deploy', 'client']

/** Opens the authority in `<state>/certificates`, or makes it, and gives every member its certificate there. */
export async function openMembers(state: string): Promise<Authority> {
  const authority = await openAuthority(join(state, 'certificates'), MESH)
  for (const member of [...SERVICES.map(({ name }) => name), ...OTHERS]) await authority.issue(member)
  return authority
}
