import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Gauge } from 'prom-client'
import type { Metrics } from '../metrics.ts'

/**
 * The gauge `certificate_expires_at_seconds`: Unix seconds at which this process's own certificate ends. It reads the file at every scrape,
 * and so knows a new certificate no later than the server does. A file that cannot be read leaves it as it was; without one it is 0.
 */
export function measureCertificateExpiry({ registry }: Pick<Metrics, 'registry'>, certificates: string): Gauge {
  return new Gauge({
    name: 'certificate_expires_at_seconds',
    help: 'Unix seconds at which the certificate of this service ends.',
    registers: [registry],
    collect() {
      try {
        const { validToDate } = new X509Certificate(readFileSync(join(certificates, 'cert.pem')))
        this.set(validToDate.getTime() / 1000)
      } catch {
        // It is being replaced, or is none: whoever serves with it says so.
      }
    },
  })
}
