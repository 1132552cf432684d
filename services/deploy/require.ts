import { type Kubernetes, valueOf } from './kubernetes.ts'
import { patiently } from './patiently.ts'

/** Milliseconds that Secrets are waited for, which an operator or another job may be making, and between two looks. */
const WAIT_MS = 60_000
const PAUSE_MS = 2000

/**
 * Looks whether there is all that pods take from Secrets, each as `<secret>/<key>`, and waits up to a minute for it. Throws one error that names
 * everything that is missing; a pod would only wait for it, without an end.
 */
export async function requireSecrets(
  kubernetes: Pick<Kubernetes, 'get'>,
  wanted: readonly string[],
  waitMs = WAIT_MS,
): Promise<string[]> {
  const look = async () => {
    const missing = await missingOf(kubernetes, wanted)
    if (missing.length > 0) throw new Error(`missing: ${missing.join('; ')}. Make what is missing and install again`)
  }
  await patiently(look, waitMs, PAUSE_MS)
  return [`all Secrets that pods need are there: ${wanted.length} values`]
}

async function missingOf(kubernetes: Pick<Kubernetes, 'get'>, wanted: readonly string[]): Promise<string[]> {
  const byName = Map.groupBy(wanted, (one) => one.split('/')[0]!)
  const missing: string[] = []
  for (const [name, references] of byName) {
    const secret = await kubernetes.get(name)
    const keys = references.map((one) => one.slice(name.length + 1)).filter((key) => !secret || !valueOf(secret, key))
    if (!secret) missing.push(`the Secret ${name} with ${keys.join(', ')}`)
    else if (keys.length > 0) missing.push(`${keys.join(', ')} in the Secret ${name}`)
  }
  return missing
}
