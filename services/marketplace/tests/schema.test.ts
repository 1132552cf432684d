import { describeSchema } from '#chassis/testing/schema.ts'
import { schema } from '../db/schema.ts'
import { BEYOND_SEED, SEED } from './expected-schema.ts'

describeSchema(schema, { seed: SEED, beyond: BEYOND_SEED })
