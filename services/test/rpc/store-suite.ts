import type { EntityManager } from '@mikro-orm/postgresql'
import { SuiteCase as CaseMessage, SuiteSettings } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { Suite, SuiteCase } from '../db/suite.entity.ts'
import { withDefaults } from '../suite.ts'

/** What a suite is made of. */
export type NewSuite = {
  id: string
  promptId: string
  userId: string
  name: string
  /** Empty when there is none. */
  description: string
  settings: SuiteSettings
  cases: readonly CaseMessage[]
}

/** Stores a new suite, in a transaction. */
export function storeSuite(em: EntityManager, now: Date, { settings, cases, description, ...suite }: NewSuite) {
  em.create(Suite, {
    ...suite,
    description: description || null,
    settings: storedSettings(settings),
    casesCount: cases.length,
    createdAt: now,
    updatedAt: now,
  })
  storeCases(em, suite.id, cases)
}

/** Stores the cases of a suite that has none. */
export function storeCases(em: EntityManager, suite: string, cases: readonly CaseMessage[]) {
  for (const [position, definition] of cases.entries())
    em.create(SuiteCase, { suite, position, definition: CaseMessage.toJSON(definition) as object })
}

/** Settings with their defaults, as they are stored. */
export const storedSettings = (settings: SuiteSettings) => SuiteSettings.toJSON(withDefaults(settings)) as object
