import { fold, termsOf } from './terms.ts'

/** The texts that a prompt or a listing is found by. The content never is. */
export type Searched = { title: string; tags: readonly string[]; description: string | null }

// Each field has a range of positions of its own, so that one can be replaced. PostgreSQL's greatest position is 16,383.
const FIELDS = {
  title: { weight: 'A', from: 1, to: 1000 },
  tags: { weight: 'B', from: 2001, to: 3000 },
  description: { weight: 'C', from: 4001, to: 16_000 },
} as const

/** Positions of a term in a field that count: a text that repeats a word costs a rank no more than another. */
const MAX_POSITIONS = 2

/** The terms of a title as the text of a `tsvector`. */
export const titleVector = (title: string): string => vectorOf('title', fold(title))

/** The terms of tags, and each tag as a whole, by which a list can be filtered. */
export const tagsVector = (tags: readonly string[]): string =>
  [vectorOf('tags', fold(tags.join('\n'))), ...tags.map((tag) => `${quoted(tagTerm(tag))}:${FIELDS.tags.to}B`)].join(
    ' ',
  )

/** The terms of a description. */
export const descriptionVector = (description: string): string => vectorOf('description', fold(description))

/** All that it is found by. */
export const searchVector = ({ title, tags, description }: Searched): string =>
  [titleVector(title), tagsVector(tags), descriptionVector(description ?? '')].join(' ')

/** What a tag as a whole is found by. No term of a text begins with `=`. */
export const tagTerm = (tag: string) => `=${tag}`

/** A term as `tsvector` and `tsquery` read it. */
export const quoted = (term: string) => `'${term.replaceAll(/['\\]/g, String.raw`$&$&`)}'`

function vectorOf(field: keyof typeof FIELDS, folded: string): string {
  const { weight, from, to } = FIELDS[field]
  const positions = new Map<string, number[]>()
  let position = from - 1
  let last = -1
  for (const { term, start } of termsOf(folded)) {
    if (start !== last) position = Math.min(position + 1, to)
    last = start
    const known = positions.get(term)
    if (!known) positions.set(term, [position])
    else if (known.length < MAX_POSITIONS) known.push(position)
  }
  return [...positions].map(([term, at]) => `${quoted(term)}:${at.map((each) => each + weight).join(',')}`).join(' ')
}
