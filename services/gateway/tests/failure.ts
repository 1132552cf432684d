import { expect } from '@jest/globals'
import { Metadata } from '@grpc/grpc-js'
import { ERROR_DOMAIN } from '#chassis/grpc/status.ts'
import type { Answer, TestGateway } from './harness.ts'

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What a failed REST request says; fails unless it has the shape that all errors have, and the request id in both places. */
export function failureOf({ status, headers, json }: Answer): { status: number; code: number; reason: string } {
  const request_id = headers.get('x-request-id')
  expect(request_id).toMatch(UUID)
  expect(headers.get('content-type')).toBe('application/json')
  expect(json).toEqual({
    code: expect.any(Number),
    message: expect.stringMatching(/./),
    details: expect.any(Array),
  })
  const [info] = json.details
  expect(info).toEqual({
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: expect.stringMatching(/^[A-Z_]+$/),
    domain: ERROR_DOMAIN,
    metadata: expect.objectContaining({ request_id }),
  })
  return { status, code: json.code, reason: info.reason }
}

/** Calls any gRPC path with any bytes. */
export function callPath(
  { client }: TestGateway,
  path: string,
  token?: string,
  bytes = Buffer.alloc(0),
): Promise<Buffer> {
  const metadata = new Metadata()
  if (token) metadata.set('authorization', `Bearer ${token}`)
  const asIs = (message: Buffer) => message
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, bytes, metadata, { deadline: Date.now() + 5000 }, (error, answer) =>
      error ? reject(error) : resolve(answer!),
    )
  })
}
