import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeAuthority, makeLeaf, type Pair } from './certificates.ts'
import { publish, readCurrent } from './slots.ts'

const DAY = 86_400_000
const LEAF_LIFE = 30 * DAY
const AUTHORITY_LIFE = 10 * 365 * DAY
// A clock that is a little behind ours must not find a new certificate not yet valid.
const SKEW = 5 * 60_000

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
export async function openAuthority(dir: string, { trustDomain, namespace }: Mesh): Promise<Authority> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const own = join(dir, 'authority')
  if (!readCurrent(own, 'key.pem')) await begin(own)
  const idOf = (name: string) => `spiffe://${trustDomain}/ns/${namespace}/sa/${name}`
  const bundle = () => readCurrent(own, 'ca.pem')!

  async function write(name: string, { fault, folder = name }: IssueOptions = {}) {
    const signer = fault === 'foreign' ? await newAuthority() : readPair(own)
    const leaf = { id: idOf(name), dnsNames: [name, 'localhost'], ipAddress: '127.0.0.1', ...lifeOf(fault) }
    const { certificate, key } = await makeLeaf(signer, leaf)
    publish(join(dir, folder), { 'ca.pem': bundle(), 'cert.pem': certificate, 'key.pem': key })
  }

  return {
    rotate: (name) => write(name),
    issue: async (name, options = {}) => {
      const folder = join(dir, options.folder ?? name)
      if (options.fault || !isGood(readCurrent(folder, 'cert.pem'), readPair(own), idOf(name)))
        await write(name, options)
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

const newAuthority = () =>
  makeAuthority('PromptForge development', new Date(Date.now() - SKEW), new Date(Date.now() + AUTHORITY_LIFE))

function republish(folder: string, bundle: string) {
  const { certificate, key } = readPair(folder)
  publish(folder, { 'ca.pem': bundle, 'cert.pem': certificate, 'key.pem': key })
}

const readPair = (folder: string): Pair => ({
  certificate: readCurrent(folder, 'cert.pem')!,
  key: readCurrent(folder, 'key.pem')!,
})

function lifeOf(fault: IssueOptions['fault']) {
  const end = Date.now() + (fault === 'expired' ? -DAY : LEAF_LIFE)
  return { notBefore: new Date(end - LEAF_LIFE - SKEW), notAfter: new Date(end) }
}

function isGood(pem: string | undefined, authority: Pair, id: string): boolean {
  if (!pem) return false
  const certificate = new X509Certificate(pem)
  const left = certificate.validToDate.getTime() - Date.now()
  const names = certificate.subjectAltName?.split(', ') ?? []
  const ours = certificate.verify(new X509Certificate(authority.certificate).publicKey)
  return ours && left > LEAF_LIFE / 3 && names.includes(`URI:${id}`)
}
