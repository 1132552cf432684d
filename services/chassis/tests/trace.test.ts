import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { Metadata } from '@grpc/grpc-js'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { serve } from '../grpc/server.ts'
import { startBare } from './harness.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

test('a call’s span joins the caller’s trace, and is sent at the latest when the service ends', async () => {
  const bodies: Buffer[] = []
  const collector = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => bodies.push(chunk))
    request.on('end', () => response.end())
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`

  const users = serve({ getUser: UserServiceService.getUser }, { getUser: () => Promise.resolve({}) })
  const bare = await startBare([users], { config: { trace: { endpoint, ratio: 0 } } })
  const metadata = Metadata.fromHttp2Headers({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })
  await bare.stub(UserServiceService).getUser({ userId: '01890000-0000-7000-8000-000000000001' }, { metadata })
  await bare.stop()

  const sent = Buffer.concat(bodies)
  expect(sent.includes(Buffer.from(TRACE, 'hex'))).toBe(true)
  expect(sent.includes('promptforge.user.v1.UserService/GetUser')).toBe(true)
  collector.close()
})
