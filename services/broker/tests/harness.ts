import { join } from 'node:path'
import { connect, type NatsConnection } from '@nats-io/transport-node'

/** Folder of the certificates of a member of the test mesh. */
export const certificatesOf = (member: string) => join(process.env['PF_TEST_CERTIFICATES']!, member, 'current')

/** Connects with the certificate of a member of the test mesh, or with the one in another folder. */
export function connectAs(member: string, url: string, folder = member): Promise<NatsConnection> {
  const file = (name: string) => join(certificatesOf(folder), name)
  return connect({
    servers: url,
    tls: { caFile: file('ca.pem'), certFile: file('cert.pem'), keyFile: file('key.pem') },
    inboxPrefix: `_INBOX.${member}`,
    timeout: 1000,
    reconnectTimeWait: 50,
    reconnectJitterTLS: 50,
  })
}
