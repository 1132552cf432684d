import 'reflect-metadata' // @peculiar/x509 asks for it
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A certificate with its private key, both as PEM. */
export type Pair = { certificate: string; key: string }

/** What a leaf certificate says. */
export type Leaf = {
  /** SPIFFE id, the URI among its names. */
  id: string
  /** DNS names; the first is its common name. */
  dnsNames: string[]
  ipAddress: string
  notBefore: Date
  notAfter: Date
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const { ExtendedKeyUsage, KeyUsageFlags } = x509

/** Makes a self-signed certificate of an authority that may sign leaves only. */
export async function makeAuthority(name: string, notBefore: Date, notAfter: Date): Promise<Pair> {
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
export async function makeLeaf(authority: Pair, { id, dnsNames, ipAddress, notBefore, notAfter }: Leaf): Promise<Pair> {
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
        { type: 'ip', value: ipAddress },
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { certificate: toPem(certificate), key: await keyToPem(keys.privateKey) }
}

const generateKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

// Positive, whatever its first bit would say.
const serialNumber = () => `01${randomBytes(15).toString('hex')}`

const toPem = (certificate: x509.X509Certificate) => `${certificate.toString('pem')}\n`

const keyToPem = async (key: webcrypto.CryptoKey) =>
  `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`

const keyFromPem = (pem: string) =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, false, ['sign'])
