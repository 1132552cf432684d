import { expect, test } from '@jest/globals'
import { loadConfig, postgresSchema } from './config.ts'

const good = {
  PF_CERTIFICATES: '/certificates',
  PF_POSTGRES_URL: 'postgres://prompt:hush@db/promptforge_prompt',
  PF_PAGE_TOKEN_SECRET: '0123456789abcdef0123456789abcdef',
}

test('reads the environment over the defaults, into a frozen object', () => {
  const config = loadConfig(postgresSchema('prompt', 50052), { ...good, PF_PORT: '6000', PF_REFLECTION: 'true' })
  expect(config.grpc).toEqual({ host: '0.0.0.0', port: 6000, reflection: true })
  expect(config.health.port).toBe(51052)
  expect(Object.isFrozen(config) && Object.isFrozen(config.grpc)).toBe(true)
})

test('names every value that is wrong in one error, and no secret', () => {
  const env = { PF_PORT: '99999', PF_LOG_LEVEL: 'loud', PF_PAGE_TOKEN_SECRET: 'too short' }
  const message = thrown(() => loadConfig(postgresSchema('prompt', 50052), env))
  for (const name of ['grpc.port', 'log.level', 'pageTokenSecret', 'mesh.certificates', 'postgres.url']) {
    expect(message).toContain(`(${name}): `)
  }
  expect(message).toContain('PF_POSTGRES_URL (postgres.url): must be set')
  expect(message).not.toContain('too short')
})

function thrown(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}
