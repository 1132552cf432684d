import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { lifeFrom, makeAuthority } from '../certificates.ts'
import { createMetrics } from '../metrics.ts'
import { measureCertificateExpiry } from './certificate-expiry.ts'

const DAY = 86_400_000

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificates-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

/** Puts a certificate in the folder that ends in so many days; answers with its end, Unix seconds. */
async function put(days: number): Promise<number> {
  const life = lifeFrom(Date.now(), days * DAY)
  writeFileSync(join(folder, 'cert.pem'), (await makeAuthority('test', life)).certificate)
  return Math.floor(life.notAfter.getTime() / 1000)
}

test('the end of the certificate that lies there now is measured, and the last one while there is none', async () => {
  const { registry } = createMetrics('test')
  measureCertificateExpiry({ registry }, folder)
  const measured = async () => {
    const metric = await registry.getSingleMetric('certificate_expires_at_seconds')!.get()
    return metric.values[0]?.value
  }
  expect(await measured()).toBe(0)
  const first = await put(30)
  expect(await measured()).toBe(first)
  const second = await put(90)
  expect(second).toBeGreaterThan(first)
  expect(await measured()).toBe(second)
  writeFileSync(join(folder, 'cert.pem'), 'half of a')
  expect(await measured()).toBe(second)
})
