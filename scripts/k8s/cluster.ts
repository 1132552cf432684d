import { outcome } from '../processes/outcome.ts'

/** A namespace of the cluster that KUBECONFIG names. */
export type Cluster = {
  namespace: string
  /** Runs kubectl in the namespace and answers with its output. Throws with what it says when it fails. */
  kubectl(...args: string[]): Promise<string>
  /** `kubectl get … -o json`. */
  get<T>(...args: string[]): Promise<T>
  /** Applies objects. */
  apply(...objects: object[]): Promise<void>
  /** Runs helm in the namespace. */
  helm(...args: string[]): Promise<string>
}

/** The namespace, which need not exist. */
export function openCluster(namespace: string): Cluster {
  const kubectl = (...args: string[]) => command('kubectl', ['-n', namespace, ...args])
  return {
    namespace,
    kubectl,
    get: async <T>(...args: string[]) => JSON.parse(await kubectl('get', ...args, '-o', 'json')) as T,
    apply: async (...objects) => {
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
      await command('kubectl', ['-n', namespace, 'apply', '-f', '-'], list)
    },
    helm: (...args) => command('helm', ['-n', namespace, ...args]),
  }
}

/** Runs a program and answers with its output. Throws with what it says when it fails. */
export async function command(program: string, args: string[], input?: string): Promise<string> {
  const { code, out, errors } = await outcome(program, args, { input })
  if (code === 0) return out
  // Secrets are given as input and never as arguments, so the message may have these.
  const said = (errors.trim() || out.trim()).split('\n').slice(-12).join('\n')
  throw new Error(`${program} ${args.join(' ')} ended with code ${code}:\n${said}`)
}
