import 'reflect-metadata' // @peculiar/x509 asks for it
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A certificate with its private key, both as PEM. */
export type Pair = { certificate: string; key: string }

/** What a leaf certificate says. */
export type Leaf = {
  /** SPIFFE id, the URI among its names. */
  id: string
  /** DNS names; the first is its common name. */
  dnsNames: string[]
  ipAddresses: string[]
  notBefore: Date
  notAfter: Date
}

/** Milliseconds by which a clock may be behind ours without finding a new certificate not yet valid. */
const SKEW = 5 * 60_000

/** The times of a certificate that is made now and valid for `lifeMs`. */
export const lifeFrom = (now: number, lifeMs: number): Pick<Leaf, 'notBefore' | 'notAfter'> => ({
  notBefore: new Date(now - SKEW),
  notAfter: new Date(now + lifeMs),
})

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const { ExtendedKeyUsage, KeyUsageFlags } = x509

/** Makes a self-signed certificate of an authority that may sign leaves only. */
export async function makeAuthority(
  name: string,
  { notBefore, notAfter }: Pick<Leaf, 'notBefore' | 'notAfter'>,
): Promise<Pair> {
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    serialNumber: serialNumber(),
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: toPem(certificate), key: await keyToPem(keys.privateKey) }
}

/** Makes a leaf certificate for both ends of a mutual-TLS connection, signed by `authority`. */
export async function makeLeaf(
  authority: Pair,
  { id, dnsNames, ipAddresses, notBefore, notAfter }: Leaf,
): Promise<Pair> {
  const keys = await generateKeys()
  const issuer = new x509.X509Certificate(authority.certificate)
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${dnsNames[0]}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await keyFromPem(authority.key),
    serialNumber: serialNumber(),
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'url', value: id },
        ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { certificate: toPem(certificate), key: await keyToPem(keys.privateKey) }
}

/**
 * Whether a leaf certificate (PEM) can stay: `authority` signed it, it has these names, and more than a third of `lifeMs` is left of
 * its life. What cannot be read cannot stay.
 */
export function isGoodLeaf(
  pem: string | undefined,
  authority: string,
  { id, dnsNames }: Pick<Leaf, 'id' | 'dnsNames'>,
  lifeMs: number,
): boolean {
  if (!pem) return false
  try {
    const certificate = new X509Certificate(pem)
    const left = certificate.validToDate.getTime() - Date.now()
    const names = certificate.subjectAltName?.split(', ') ?? []
    const hasNames = [`URI:${id}`, ...dnsNames.map((name) => `DNS:${name}`)].every((name) => names.includes(name))
    return certificate.verify(new X509Certificate(authority).publicKey) && left > lifeMs / 3 && hasNames
  } catch {
    return false
  }
}

const generateKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

// Positive, whatever its first bit would say.
const serialNumber = () => `01${randomBytes(15).toString('hex')}`

const toPem = (certificate: x509.X509Certificate) => `${certificate.toString('pem')}\n`

const keyToPem = async (key: webcrypto.CryptoKey) =>
  `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`

const keyFromPem = (pem: string) =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, false, ['sign'])
