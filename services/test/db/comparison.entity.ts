import { defineEntity, p } from '@mikro-orm/postgresql'
import { PromptTest } from './prompt-test.entity.ts'

/** Tests of one prompt, side by side. */
export const TestComparison = defineEntity({
  name: 'TestComparison',
  tableName: 'test_comparisons',
  properties: {
    id: p.uuid().primary(),
    name: p.string().length(100),
    promptId: p.uuid(),
    userId: p.uuid(),
    notes: p.text().nullable(),
    createdAt: p.datetime(3),
  },
})

/** A test of a comparison, at its place. */
export const ComparisonTestId = defineEntity({
  name: 'ComparisonTestId',
  tableName: 'comparison_test_ids',
  properties: {
    comparison: () => p.manyToOne(TestComparison).primary(),
    test: () => p.manyToOne(PromptTest).primary(),
    position: p.integer(),
  },
})
