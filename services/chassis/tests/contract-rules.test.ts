import { expect, test } from '@jest/globals'
import { type Contract, loadContract, type Method } from '#contracts/contract.ts'
import { Policy_Caller, Policy_Scope } from '#contracts/gen/promptforge/access/v1/access.ts'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { assertPolicy } from '../grpc/access.ts'
import type { ServerParts } from '../grpc/admit.ts'
import { serve, startServer } from '../grpc/server.ts'
import { createMetrics } from '../metrics.ts'

const contract = loadContract()
const { getUser } = UserServiceService
const method = contract.methods.get(getUser.path)!

const definition = { getUser }

/** What a server does that is given this contract. */
function start(changed: Contract) {
  const services = [serve(definition, { getUser: () => Promise.resolve({}) })]
  const parts = { contract: changed, metrics: createMetrics('test') } as ServerParts
  return startServer({ parts, services } as unknown as Parameters<typeof startServer>[0])
}

const withMethods = (methods: Method[]): Contract => ({
  ...contract,
  methods: new Map(methods.map((one) => [one.path, one])),
})

test('a method without a policy stops the server, by name', async () => {
  await expect(start(withMethods([{ ...method, policy: undefined }]))).rejects.toThrow(
    `${getUser.path} has no (promptforge.access.v1.policy)`,
  )
})

test('a method that the descriptor set does not have stops the server, by name', async () => {
  await expect(start(withMethods([]))).rejects.toThrow(`${getUser.path} is not in the descriptor set`)
})

test('a policy that contradicts itself is refused', () => {
  const policy = { ...method.policy!, services: ['prompt'] }
  expect(() => assertPolicy({ ...method, policy })).toThrow('belong to INTERNAL policies')
  const scoped = { ...method.policy!, caller: Policy_Caller.INTERNAL, scope: Policy_Scope.PROMPTS_READ }
  expect(() => assertPolicy({ ...method, policy: scoped })).toThrow('a scope does not belong to an INTERNAL policy')
})

test('every method of ours has a policy', () => {
  for (const one of contract.methods.values()) expect(() => assertPolicy(one)).not.toThrow()
})
