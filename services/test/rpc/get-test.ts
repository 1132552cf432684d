import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { GetTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/get-test.ts'
import { mayReadText } from './readable.ts'
import { toTest, withheld } from './view.ts'

export const getTest =
  ({ remote }: Pick<Deps, 'remote'>) =>
  async ({ testId }: GetTestRequest, call: Call) => {
    const [row] = await call.sql(db.getTest, { id: testId, userId: call.caller.userId })
    if (!row) throw notFound('test')
    return { test: (await mayReadText(remote, row, call)) ? toTest(row) : withheld(row) }
  }
