import { describe, expect, test } from '@jest/globals'
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { loadContract, type Method } from '#contracts/contract.ts'
import { MAX_MESSAGE_BYTES } from '#contracts/request-size.ts'
import { isAppError } from '../errors.ts'
import { toStatus } from '../grpc/status.ts'
import { receive } from '../grpc/admit.ts'
import type { Rpc } from '../grpc/call.ts'
import { createRequestCheck } from '../grpc/validation.ts'

// What anybody can send, before a handler has seen it: as large and as numerous as a method lets it be.

/** Milliseconds of the processor that a check may take, for which nothing else runs: so other work of the machine does not count. */
const MAX_PAUSE_MS = 50

/** Bytes of headers that proxies and clients take. */
const MAX_HEADER_BYTES = 8192

const contract = loadContract()

/** Every list and map of a message, in it or in a message of it: the fields that lead there. */
function numerous(message: DescMessage, path: DescField[] = []): DescField[][] {
  return message.fields.flatMap((field) => {
    const here = [...path, field]
    if (field.fieldKind === 'list' || field.fieldKind === 'map') {
      const inside = field.message && path.length < 3 ? numerous(field.message, here) : []
      return [here, ...inside]
    }
    return field.fieldKind === 'message' && path.length < 3 ? numerous(field.message, here) : []
  })
}

/** As many empty items of a list as fit into the largest request. */
function filled(method: Method, [...path]: DescField[]): Uint8Array {
  const last = path.pop()!
  const item = new BinaryWriter().tag(last.number, WireType.LengthDelimited).bytes(new Uint8Array()).finish()
  const count = Math.floor((method.maxRequestBytes - 64) / item.length)
  let bytes: Uint8Array = Buffer.alloc(count * item.length, item)
  for (const field of path.toReversed())
    bytes = new BinaryWriter().tag(field.number, WireType.LengthDelimited).bytes(bytes).finish()
  return bytes
}

const lists = [...contract.methods.values()].flatMap((method) =>
  numerous(method.input).map((path) => ({ method, path, name: path.map(({ name }) => name).join('.') })),
)

describe('a list with as many items as a request can hold', () => {
  test('is in several methods', () => expect(lists.length).toBeGreaterThan(5))

  test.each(lists)('$method.name, $name, is refused at once with a short error', ({ method, path }) => {
    const check = createRequestCheck(contract, method.input)
    const wire = Buffer.from(filled(method, path))
    expect(wire.length).toBeLessThanOrEqual(method.maxRequestBytes)
    // Nothing of these comes to be decoded.
    const requestDeserialize = () => {
      throw new Error('it was decoded')
    }
    const rpc = { requestDeserialize } as unknown as Rpc
    let pause = Infinity
    // The least of some: a collection of garbage, a compilation or a slow moment of the machine lengthens one of them.
    for (let round = 0; round < 20 && pause >= MAX_PAUSE_MS; round++) {
      const begun = process.cpuUsage()
      try {
        const { failure } = receive(contract, rpc, method)(wire)
        if (failure) throw failure
        check(wire)
        throw new Error('it was accepted')
      } catch (error) {
        const { user, system } = process.cpuUsage(begun)
        pause = Math.min(pause, (user + system) / 1000)
        if (!isAppError(error)) throw error
        expect(error.reason).toBe('VALIDATION_FAILED')
        expect(error.violations.length).toBeLessThanOrEqual(100)
        const { details, metadata } = toStatus(error, 'r'.repeat(64))
        const [sent] = metadata.get('grpc-status-details-bin')
        expect(sent!.length * (4 / 3) + details.length).toBeLessThan(MAX_HEADER_BYTES)
      }
    }
    expect(pause).toBeLessThan(MAX_PAUSE_MS)
  })
})

test('a request is as large as the fields of its method need, and no larger than that', () => {
  const sizes = new Map([...contract.methods.values()].map(({ name, maxRequestBytes }) => [name, maxRequestBytes]))
  expect(sizes.get('BatchGetPrompts')).toBe(16_384)
  expect(sizes.get('GetPrompt')).toBe(4096)
  expect(sizes.get('CreatePrompt')).toBe(MAX_MESSAGE_BYTES)
})
