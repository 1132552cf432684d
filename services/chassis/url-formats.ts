const ENCODED =
  'write characters of user and password other than letters, digits and -._~ as % and two hexadecimal digits'

/** A format: the URL of a PostgreSQL database. The driver would cite one that it cannot read, password included. */
export const postgresUrl = databaseUrl(
  'postgres://user:password@host:5432/database',
  /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:[/?#][^@]*)?$/,
)

/** A format: the URL of a MongoDB server, or of several. */
export const mongoUrl = databaseUrl(
  'mongodb://user:password@host:27017',
  /^mongodb(?:\+srv)?:\/\/(?:([^/?#@:]*(?::[^/?#@:]*)?)@)?([^/?#@]+)(?:[/?][^@]*)?$/,
)

/** A format: URLs of NATS, separated by commas. */
export function natsUrls(value: unknown) {
  const isUrl = (text: string) => /^(?:(?:nats|tls):\/\/)?[^/:@\s]+(?::\d+)?\/?$/.test(text)
  if (typeof value !== 'string' || !value.split(',').every(isUrl)) throw new Error('must be like nats://host:4222')
}

/** `pattern` has the credentials and the hosts, which may be several. */
function databaseUrl(example: string, pattern: RegExp) {
  return (value: unknown) => {
    if (typeof value !== 'string' || value === '') throw new Error('must be set')
    const [, credentials = '', hosts] = pattern.exec(value) ?? []
    const isUrl = hosts?.split(',').every((host) => /^(?:\[[\da-f:.]+\]|[^:\s]*)(?::\d+)?$/i.test(host))
    if (!isUrl || !isEncoded(credentials)) throw new Error(`must be like ${example}: ${ENCODED}`)
  }
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
