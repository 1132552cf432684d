import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { serve } from '../grpc/server.ts'
import { rejection } from '../testing/rejection.ts'
import type { TestService } from '../testing/service.ts'
import { startBare, Users } from './harness.ts'

const fail = async () => {
  throw new Error('a fault of ours')
}

let service: TestService<object>

beforeAll(async () => {
  service = await startBare([serve(Users, { getUser: fail, batchGetUsers: fail, updateUser: fail })])
})
afterAll(() => service.stop())
afterEach(() => void jest.restoreAllMocks())

/** Calls what fails with INTERNAL; answers with what was written to stderr meanwhile. */
async function stderrOf(run: <T>(work: () => Promise<T>) => Promise<T>): Promise<string> {
  const lines: string[] = []
  jest.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
  const error = await run(() => rejection(service.stub(Users).getUser({ userId: randomUUID() })))
  expect(error).toMatchObject({ code: status.INTERNAL, message: expect.not.stringContaining('a fault of ours') })
  return lines.join('')
}

test('an INTERNAL in a test says on stderr why', async () => {
  expect(await stderrOf((work) => work())).toContain('a fault of ours')
})

test('one that a test provokes on purpose does not, and those after it do again', async () => {
  expect(await stderrOf(service.silenced)).toBe('')
  expect(await stderrOf((work) => work())).toContain('a fault of ours')
})
