import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Contract, readContract } from '#contracts/contract.ts'

/** The descriptor set of `testContract`, for a program that reads it itself (Envoy does). */
export const TEST_DESCRIPTOR_SET = join(import.meta.dirname, '../../contracts/gen/testing.binpb')

let loaded: Contract | undefined

/**
 * The product's contract and, beside it, `testing/proto/`: kinds of RPC that the product does not have. What ts-proto makes of these
 * is in `#contracts/gen/promptforge/testing/v1/`. Nothing of them is in the product's descriptor set.
 */
export function testContract(): Contract {
  loaded ??= readContract(readFileSync(TEST_DESCRIPTOR_SET))
  return loaded
}

/** Milliseconds for which a client of a test waits: its machine may be busy with other tests. */
const PATIENCE_MS = 30_000

/** A contract for clients of tests, whose calls end when they are answered and not because the machine is slow. */
export const patient = (contract: Contract): Contract => ({
  ...contract,
  methods: new Map(
    [...contract.methods].map(([path, method]) => [
      path,
      method.serverStreaming ? method : { ...method, deadlineMs: PATIENCE_MS },
    ]),
  ),
})
