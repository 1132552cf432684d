import { isGoodLeaf, lifeFrom, makeAuthority, makeLeaf, type Pair } from '#chassis/certificates.ts'
import { spiffeId } from '#chassis/spiffe.ts'
import { whileOthersChange } from './add-missing.ts'
import { type Kubernetes, LABELS, type Secret, valueOf } from './kubernetes.ts'

const DAY = 86_400_000
const LEAF_LIFE = 90 * DAY
const AUTHORITY_LIFE = 10 * 365 * DAY

const AUTHORITY = 'promptforge-authority'
const TYPE = 'kubernetes.io/tls'

/** The parts of the members' names. */
export type Mesh = { trustDomain: string; namespace: string }

/** An authority, and what its members are to trust: its own certificate, and while it is replaced the former or the next one as well. */
type Authority = Pair & { bundle: string }

/**
 * Makes the certificate authority and each member's certificate where they are absent, and renews a certificate when less than a third of
 * its 90 days is left, or when it lacks a name or another authority signed it. The authority is never changed. What another program made
 * is left as it is. Answers with a line for each member.
 */
export async function makeCertificates(kubernetes: Kubernetes, mesh: Mesh, members: string[]): Promise<string[]> {
  const authority = await ensureAuthority(kubernetes, mesh)
  const lines: string[] = []
  for (const member of members) {
    lines.push(`${secretOf(member)}: ${await ensureLeaf(kubernetes, mesh, authority, member)}`)
  }
  return lines
}

/** The DNS names of a member: those of its Service, and of each pod of NATS, by which its servers find each other. */
export function dnsNamesOf(member: string, { namespace }: Pick<Mesh, 'namespace'>): string[] {
  const inCluster = [`${member}.${namespace}.svc`, `${member}.${namespace}.svc.cluster.local`]
  const ofPods = member === 'nats' ? inCluster.map((name) => `*.${name}`) : []
  return [member, ...inCluster, ...ofPods, 'localhost']
}

const secretOf = (member: string) => `${member}-certificate`

const ensureAuthority = (kubernetes: Kubernetes, { trustDomain, namespace }: Mesh): Promise<Authority> =>
  whileOthersChange(AUTHORITY, async () => {
    const secret = await kubernetes.get(AUTHORITY)
    if (secret) return readAuthority(secret)
    const pair = await makeAuthority(`PromptForge ${trustDomain}/${namespace}`, lifeFrom(Date.now(), AUTHORITY_LIFE))
    const isMade = await kubernetes.create({ name: AUTHORITY, type: TYPE, data: dataOf(pair, pair.certificate) })
    return isMade ? { ...pair, bundle: pair.certificate } : undefined
  })

function readAuthority(secret: Secret): Authority {
  const [bundle, certificate, key] = ['ca.crt', 'tls.crt', 'tls.key'].map((name) => valueOf(secret, name))
  if (!bundle || !certificate || !key) {
    throw new Error(
      `the Secret ${AUTHORITY} lacks ca.crt, tls.crt or tls.key: put it back, or delete it to begin a new authority`,
    )
  }
  return { bundle, certificate, key }
}

/** Answers with what was done. */
const ensureLeaf = (kubernetes: Kubernetes, mesh: Mesh, authority: Authority, member: string): Promise<string> =>
  whileOthersChange(secretOf(member), async () => {
    const names = { id: spiffeId(mesh, member), dnsNames: dnsNamesOf(member, mesh) }
    const secret = await kubernetes.get(secretOf(member))
    if (secret && !isOurs(secret)) return 'left as it is, because another program made it'
    if (secret && isGoodLeaf(valueOf(secret, 'tls.crt'), authority.certificate, names, LEAF_LIFE)) {
      if (valueOf(secret, 'ca.crt') === authority.bundle) return 'is good'
      const isSet = await kubernetes.set(secret, { 'ca.crt': authority.bundle })
      return isSet ? 'trusts what the authority says now' : undefined
    }
    const life = lifeFrom(Date.now(), LEAF_LIFE)
    const data = dataOf(await makeLeaf(authority, { ...names, ipAddresses: [], ...life }), authority.bundle)
    const isDone = await (secret
      ? kubernetes.set(secret, data)
      : kubernetes.create({ name: secretOf(member), type: TYPE, data }))
    return isDone ? `${secret ? 'renewed' : 'made'}, valid until ${life.notAfter.toISOString()}` : undefined
  })

const isOurs = ({ metadata: { labels = {} } }: Secret) =>
  Object.entries(LABELS).every(([name, value]) => labels[name] === value)

const dataOf = ({ certificate, key }: Pair, bundle: string) => ({
  'ca.crt': bundle,
  'tls.crt': certificate,
  'tls.key': key,
})
