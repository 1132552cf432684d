import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isGoodLeaf, lifeFrom, makeAuthority, makeLeaf, type Pair } from '#chassis/certificates.ts'
import { spiffeId } from '#chassis/spiffe.ts'
import { publish, readCurrent } from './slots.ts'

const DAY = 86_400_000
const LEAF_LIFE = 30 * DAY
const AUTHORITY_LIFE = 10 * 365 * DAY

/** Whose certificates an authority issues: the parts of their SPIFFE ids. */
export type Mesh = { trustDomain: string; namespace: string }

/** The mesh of this machine. */
export const MESH: Mesh = { trustDomain: 'promptforge.local', namespace: 'promptforge' }

/** How to issue a certificate otherwise than in order; for tests. */
export type IssueOptions = {
  /** `expired`: it was valid until yesterday. `foreign`: signed by an authority that no member trusts, while it trusts ours. */
  fault?: 'expired' | 'foreign'
  /** Folder to issue it to; default: its name. */
  folder?: string
}

/** A certificate authority of this machine's own. */
export type Authority = {
  /**
   * Gives a service its certificate, and answers with the folder that has its `ca.pem`, `cert.pem` and `key.pem`:
   * `<dir>/<name>/current`. `current` is a symbolic link, so that all three can be replaced at once; watch `<dir>/<name>`. A
   * certificate that is there is kept while it has more than a third of its 30 days to live.
   */
  issue(name: string, options?: IssueOptions): Promise<string>
  /** Replaces a service's certificate and key now. */
  rotate(name: string): Promise<void>
  /**
   * Begins a new authority: every service that has a certificate keeps it and trusts the old authority and the new one from
   * now on. Certificates are issued by the new one; `rotate` services when all have read their new `ca.pem`.
   */
  rotateAuthority(): Promise<void>
}

/**
 * Opens the authority that lies in `dir`, or makes one. Keys are ECDSA P-256, in files of mode 0600. A certificate says
 * `spiffe://<trust domain>/ns/<namespace>/sa/<name>`, and, for clients that check host names, `<name>`, localhost and 127.0.0.1.
 */
export async function openAuthority(dir: string, mesh: Mesh): Promise<Authority> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const own = join(dir, 'authority')
  if (!readCurrent(own, 'key.pem')) await begin(own)
  const namesOf = (name: string) => ({ id: spiffeId(mesh, name), dnsNames: [name, 'localhost'] })
  const bundle = () => readCurrent(own, 'ca.pem')!

  async function write(name: string, { fault, folder = name }: IssueOptions = {}) {
    const signer = fault === 'foreign' ? await newAuthority() : readPair(own)
    const leaf = { ...namesOf(name), ipAddresses: ['127.0.0.1'], ...lifeOf(fault) }
    const { certificate, key } = await makeLeaf(signer, leaf)
    publish(join(dir, folder), { 'ca.pem': bundle(), 'cert.pem': certificate, 'key.pem': key })
  }

  return {
    rotate: (name) => write(name),
    issue: async (name, options = {}) => {
      const folder = join(dir, options.folder ?? name)
      const isGood = isGoodLeaf(readCurrent(folder, 'cert.pem'), readPair(own).certificate, namesOf(name), LEAF_LIFE)
      if (options.fault || !isGood) await write(name, options)
      else if (readCurrent(folder, 'ca.pem') !== bundle()) republish(folder, bundle())
      return join(folder, 'current')
    },
    rotateAuthority: async () => {
      await begin(own, readPair(own).certificate)
      for (const name of readdirSync(dir)) {
        if (name !== 'authority' && existsSync(join(dir, name, 'current'))) republish(join(dir, name), bundle())
      }
    },
  }
}

// ca.pem: what to trust, the present authority first.
async function begin(own: string, previous = '') {
  const { certificate, key } = await newAuthority()
  publish(own, { 'ca.pem': certificate + previous, 'cert.pem': certificate, 'key.pem': key })
}

const newAuthority = () => makeAuthority('PromptForge development', lifeFrom(Date.now(), AUTHORITY_LIFE))

function republish(folder: string, bundle: string) {
  const { certificate, key } = readPair(folder)
  publish(folder, { 'ca.pem': bundle, 'cert.pem': certificate, 'key.pem': key })
}

const readPair = (folder: string): Pair => ({
  certificate: readCurrent(folder, 'cert.pem')!,
  key: readCurrent(folder, 'key.pem')!,
})

const lifeOf = (fault: IssueOptions['fault']) =>
  lifeFrom(Date.now() - (fault === 'expired' ? LEAF_LIFE + DAY : 0), LEAF_LIFE)
