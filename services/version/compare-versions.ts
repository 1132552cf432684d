import { isDeepStrictEqual } from 'node:util'
import { Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import {
  type FieldChange,
  FieldChange_Field as Field,
  type VariableChange,
} from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Held } from './version.ts'

const FIELDS = [
  ['title', Field.TITLE],
  ['description', Field.DESCRIPTION],
  ['category', Field.CATEGORY],
  ['model', Field.MODEL],
] as const

/** The texts beside the content in which two versions differ. */
export const changedFields = (from: Held, to: Held): FieldChange[] =>
  FIELDS.filter(([name]) => from[name] !== to[name]).map(([name, field]) => ({ field, from: from[name], to: to[name] }))

/** The variables in which two versions differ, by name. */
export function changedVariables(from: Held, to: Held): VariableChange[] {
  const [before, after] = [byName(from), byName(to)]
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  return names
    .map((name) => ({ name, from: before.get(name), to: after.get(name) }))
    .filter((change) => !isDeepStrictEqual(change.from, change.to))
}

const byName = ({ variables }: Held) =>
  new Map(variables.map((stored) => Variable.fromJSON(stored)).map((variable) => [variable.name, variable]))
