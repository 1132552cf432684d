import { outcome } from '../processes/outcome.ts'
import type { Cluster } from './cluster.ts'
import { untilRolledOut } from './disturb.ts'
import { chartArguments, HELM_WAIT, type Images } from './install.ts'

const SECRET = 'proof-provider-keys'

/** Arguments of helm by which the release takes a Secret that nobody has made. */
export const LACKING = ['--set', `test.providerKeys.existingSecret=${SECRET}`]

const SENTENCE = `missing: the Secret ${SECRET} with keys.json. Make what is missing and install again`

/** Installs without a Secret that the values name. Throws unless Helm fails, and says in one sentence which Secret is missing. */
export async function installWithoutSecret({ namespace }: Cluster, images: Images): Promise<void> {
  const args = ['-n', namespace, 'install', ...chartArguments(images), ...LACKING, ...HELM_WAIT]
  const { code, out, errors } = await outcome('helm', args)
  if (code === 0) throw new Error(`the install succeeded without the Secret ${SECRET}`)
  const said = `${out}\n${errors}`
  if (!said.includes(SENTENCE)) throw new Error(`the install failed without saying "${SENTENCE}":\n${said.trim()}`)
}

/** Makes the Secret and installs again. */
export async function installWithSecret(cluster: Cluster, images: Images): Promise<void> {
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: SECRET },
    stringData: { 'keys.json': '{}' },
  })
  await cluster.helm('upgrade', '--install', ...chartArguments(images), ...LACKING, ...HELM_WAIT)
  await untilRolledOut(cluster)
}
