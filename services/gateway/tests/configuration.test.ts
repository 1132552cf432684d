import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig } from '#chassis/config.ts'
import { testMesh } from '#chassis/testing/service.ts'
import { loadContract, RATE_CLASSES } from '#contracts/contract.ts'
import { envoyBinary } from '../../dev-env/infra/envoy.ts'
import { SERVICES } from '../../services.ts'
import { gatewaySchema } from '../config.ts'
import { exposedMethods } from '../exposed.ts'
import { renderGateway } from '../gateway.ts'

const run = promisify(execFile)
const MAIN = join(import.meta.dirname, '../main.ts')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(dirname(process.env['PF_TEST_CERTIFICATES']!), 'configuration-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the program with an environment of nothing else. */
const main = (env: Record<string, string>) => run(process.execPath, [MAIN], { env })

describe('the program', () => {
  test('writes a configuration that Envoy accepts, and says where', async () => {
    const { stdout } = await main({
      PF_GATEWAY_FOLDER: folder,
      PF_CERTIFICATES: testMesh('gateway').certificates,
      PF_USER_SERVICE: 'dns:///user.promptforge.svc:50051',
      PF_PROMPT_SERVICE: '10.0.0.1:50052,10.0.0.2:50052',
      PF_CORS_ORIGINS: 'https://app.example,https://admin.example',
    })
    const file = join(folder, 'envoy.json')
    expect(stdout).toBe(`${file}\n`)
    const { stderr } = await run(envoyBinary(), ['--mode', 'validate', '-l', 'warning', '-c', file])
    expect(stderr).not.toMatch(/deprecated/i)
    expect(statSync(file).mode & 0o022).toBe(0)
    const text = readFileSync(file, 'utf8')
    for (const part of ['"user.promptforge.svc"', '"10.0.0.2"', '"https://admin.example"']) expect(text).toContain(part)
  })

  test('says all that is wrong at once', async () => {
    const failure = main({ PF_GATEWAY_FOLDER: 'here', PF_GATEWAY_PORT: 'http' })
    await expect(failure).rejects.toMatchObject({ code: 1 })
    const { stderr } = (await failure.catch((error: unknown) => error)) as { stderr: string }
    for (const name of ['folder', 'edge.port', 'mesh.certificates']) expect(stderr).toContain(name)
  })
})

describe('the configuration', () => {
  const PLACE = { PF_GATEWAY_FOLDER: '/etc/envoy', PF_CERTIFICATES: '/certs' }
  const config = loadConfig(gatewaySchema(SERVICES), PLACE)

  test('has a default address for every service, by its name and its port', () => {
    expect(config.services).toMatchObject({ user: ['user:50051'], prompt: ['prompt:50052'] })
    expect(Object.keys(config.services)).toEqual(SERVICES.map(({ name }) => name))
  })

  test('has a limit for every rate class of the contract, and variables with its name', () => {
    expect(Object.keys(config.limits.classes)).toEqual(RATE_CLASSES)
    for (const name of RATE_CLASSES) {
      const env = { [`PF_LIMIT_${name}_PER_SECOND`]: '7', [`PF_LIMIT_${name}_BURST`]: '8' }
      const { limits } = loadConfig(gatewaySchema(SERVICES), { ...PLACE, ...env })
      expect(limits.classes[name]).toEqual({ perSecond: 7, burst: 8 })
    }
  })

  test('needs a service for every noun', () => {
    const others = SERVICES.filter(({ name }) => name !== 'prompt')
    expect(() => exposedMethods(loadContract(), others)).toThrow(
      "no service serves promptforge.prompt: add one to services/services.ts, or 'prompt' to the nouns in its service.ts",
    )
  })

  test.each([
    ['no address is given for the service user', { user: [] }],
    ['user is not an address: write host:port', { user: ['user'] }],
  ])('is not made of nonsense: %s', (message, services) => {
    const options = { ...config, services: { ...config.services, ...services } }
    expect(() => renderGateway(loadContract(), SERVICES, options)).toThrow(message)
  })
})
