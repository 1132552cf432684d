import { type Client, escapeIdentifier, escapeLiteral } from 'pg'

/** Whether a PostgreSQL has a role. */
export async function hasRole(admin: Client, role: string): Promise<boolean> {
  const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [role])
  return rowCount === 1
}

/** Makes a role that may log in with this password, or gives it this password. `admin` is a superuser. */
export async function setRole(admin: Client, role: string, password: string): Promise<void> {
  const verb = (await hasRole(admin, role)) ? 'alter' : 'create'
  await admin.query(`${verb} role ${escapeIdentifier(role)} with login password ${escapeLiteral(password)}`)
}

/** Makes a role's database of the same name where it is absent. No other role but superusers can connect to it. */
export async function ensureDatabaseOf(admin: Client, role: string): Promise<void> {
  const id = escapeIdentifier(role)
  const { rowCount } = await admin.query('select from pg_database where datname = $1', [role])
  if (!rowCount) await admin.query(`create database ${id} owner ${id}`)
  await admin.query(`revoke connect on database ${id} from public`)
}

/** The URL by which a role reaches its database of the same name, on the server of an administrator's URL. */
export function urlOfRole(adminUrl: string, role: string, password: string): string {
  const url = new URL(adminUrl)
  url.username = role
  url.password = password
  url.pathname = `/${role}`
  return url.href
}
