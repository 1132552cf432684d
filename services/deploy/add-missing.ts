import type { Kubernetes } from './kubernetes.ts'

/** Attempts that others may spoil, by changing the same Secret at the same time. */
const ATTEMPTS = 10

/** Runs `attempt` until it has an answer: it has none when somebody else changed the Secret meanwhile, and looks again. */
export async function whileOthersChange<T>(name: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < ATTEMPTS; i++) {
    const answer = await attempt()
    if (answer !== undefined) return answer
  }
  throw new Error(`the Secret ${name} was changed by somebody else ${ATTEMPTS} times at once: run this again`)
}

/**
 * Gives a Secret the values that it lacks, each by the function of its key, and makes the Secret where it is absent. What is there is
 * never changed: of several that run at once one makes a value, and the others find it. Answers with the keys that were added.
 */
export const addMissing = (
  kubernetes: Kubernetes,
  name: string,
  values: Record<string, () => string>,
): Promise<string[]> =>
  whileOthersChange(name, async () => {
    const secret = await kubernetes.get(name)
    const missing = Object.keys(values).filter((key) => secret?.data?.[key] === undefined)
    if (missing.length === 0) return []
    const data = Object.fromEntries(missing.map((key) => [key, values[key]!()]))
    const isDone = await (secret ? kubernetes.set(secret, data) : kubernetes.create({ name, type: 'Opaque', data }))
    return isDone ? missing : undefined
  })
