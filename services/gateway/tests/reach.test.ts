import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { loadContract } from '#contracts/contract.ts'
import { Policy_Caller as Who } from '#contracts/gen/promptforge/access/v1/access.ts'
import { SERVICES } from '../../services.ts'
import { exposedMethods } from '../exposed.ts'
import { callPath, failureOf } from './failure.ts'
import { startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let token: string

beforeAll(async () => {
  gateway = await startGateway()
  token = await gateway.token()
})
afterAll(() => gateway.stop())

const methods = [...loadContract().methods.values()]
const KEYS = '/promptforge.auth.v1.AuthService/GetJwks' // the gateway itself calls it all the time
const reached = () => gateway.echoes.flatMap(({ calls }) => calls).filter(({ path }) => path !== KEYS).length

describe('what is for services alone cannot be reached', () => {
  const hidden = [
    ...methods.filter(({ policy }) => policy?.caller === Who.INTERNAL).map(({ path }) => path),
    '/grpc.health.v1.Health/Check',
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  ]

  test.each(hidden)('%s', async (path) => {
    const before = reached()
    expect(await rejection(callPath(gateway, path))).toMatchObject({ code: status.UNAUTHENTICATED })
    expect(await rejection(callPath(gateway, path, token))).toMatchObject({ code: status.UNIMPLEMENTED })
    expect(failureOf(await gateway.rest(`POST ${path}`, { body: '{}' }))).toMatchObject({ status: 401 })
    expect(failureOf(await gateway.rest(`POST ${path}`, { token, body: '{}' }))).toMatchObject({ status: 404 })
    expect(reached()).toBe(before)
  })
})

describe('every method for people', () => {
  const exposed = exposedMethods(loadContract(), SERVICES)
  const served = exposed.filter(({ path }) => path !== KEYS)

  test.each(served.filter(({ isPublic }) => !isPublic))(
    '$path needs a token, by each of its paths',
    async ({ path, routes }) => {
      const before = reached()
      expect(await rejection(callPath(gateway, path))).toMatchObject({
        code: status.UNAUTHENTICATED,
        reason: 'TOKEN_MISSING',
      })
      for (const { verb, path: template } of routes) {
        for (const spelt of spellings(template))
          expect(await gateway.rest(`${verb} ${spelt}`)).toMatchObject({ status: 401 })
      }
      expect(reached()).toBe(before)
      for (const { verb, path: template } of routes) {
        expect(await gateway.rest(`${verb} ${fill(template)}`, { token })).toMatchObject({ status: 200 })
      }
      await callPath(gateway, path, token)
      expect(reached()).toBe(before + routes.length + 1)
    },
  )

  test.each(served.filter(({ isPublic }) => isPublic))('$path needs none', async ({ path, routes }) => {
    const before = reached()
    for (const { verb, path: template } of routes) {
      expect(await gateway.rest(`${verb} ${fill(template)}`)).toMatchObject({ status: 200 })
    }
    await callPath(gateway, path)
    expect(reached()).toBe(before + routes.length + 1)
  })
})

test('a path can be spelt otherwise, and needs a token all the same', async () => {
  for (const path of [
    '//v1//prompts',
    '/v1/./prompts',
    '/v1/x/../prompts',
    '/v1/%70rompts',
    '/v1/prompts?',
    '/V1/PROMPTS',
  ]) {
    expect(await gateway.rest(`POST ${path}`, { body: '{}' })).toMatchObject({ status: 401 })
  }
})

test('/healthz says that the gateway lives', async () => {
  expect(await gateway.rest('GET /healthz')).toMatchObject({ status: 200, text: '' })
})

const fill = (template: string) => template.replaceAll(/\{\w+\}/g, '1')
const spellings = (template: string) => [fill(template), `/${fill(template)}`, `${fill(template)}?a=b`]
