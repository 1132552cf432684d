import { expect, test } from '@jest/globals'
import { describeSchema } from '#chassis/testing/schema.ts'
import { schema } from '../db/schema.ts'
import { BEYOND_SEED, SEED } from './expected-schema.ts'

const database = describeSchema(schema, { seed: SEED, beyond: BEYOND_SEED })

test('the pages of prompts have room for updates in place', async () => {
  const [row] = await database().query(`select reloptions from pg_class where oid = 'prompts'::regclass`)
  expect(row).toEqual({ reloptions: ['fillfactor=90'] })
})
