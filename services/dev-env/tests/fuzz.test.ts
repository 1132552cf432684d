import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { fuzz } from '../../../scripts/fuzz/fuzz.ts'
import { startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork

beforeAll(async () => void (network = await startTestNetwork()))
afterAll(() => network.stop())

test('no request makes a server fail, gets an answer that the document does not describe, or tells of another user', async () => {
  let said = ''
  const report = await fuzz({
    url: network.gateway.url,
    document: join(import.meta.dirname, '../../contracts/gen/site/openapi.json'),
    examples: 500,
    seed: 1,
    thorough: false,
    write: (text) => (said += text),
    signal: AbortSignal.timeout(600_000),
  })
  expect(report.passed ? 'passed' : said).toBe('passed')
  expect(report.answers['200']).toBeGreaterThan(50)
}, 600_000)
