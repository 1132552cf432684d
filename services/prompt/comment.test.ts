import { describe, expect, test } from '@jest/globals'
import { applyContent, applyDeletion, mayDelete } from './comment.ts'
import type { Readable } from './prompt.ts'

type Comment = { content: string; updatedAt: Date | null; deletedAt: Date | null }

const NOW = new Date('2026-11-27T08:00:00Z')
const comment = (fields: Partial<Comment> = {}): Comment => ({
  content: 'Old',
  updatedAt: null,
  deletedAt: null,
  ...fields,
})

describe('applyContent', () => {
  test('takes the new content, and says when', () => {
    const edited = comment()
    applyContent(edited, 'New', NOW)
    expect(edited).toEqual(comment({ content: 'New', updatedAt: NOW }))
  })

  test('the same content is no edit, and no edit is before the last one', () => {
    const same = comment()
    applyContent(same, 'Old', NOW)
    expect(same).toEqual(comment())
    const later = new Date(NOW.getTime() + 1)
    const edited = comment({ updatedAt: later })
    applyContent(edited, 'New', NOW)
    expect(edited.updatedAt).toBe(later)
  })
})

describe('applyDeletion', () => {
  test('removes a comment without replies', () => {
    const gone = comment()
    expect(applyDeletion(gone, { parent: undefined, replies: 0 }, NOW)).toEqual([gone])
  })

  test('keeps the place of a comment with replies, without its content', () => {
    const place = comment()
    expect(applyDeletion(place, { parent: undefined, replies: 1 }, NOW)).toEqual([])
    expect(place).toEqual(comment({ content: '', deletedAt: NOW }))
  })

  test('removes a reply, and the place of its deleted parent with the last one', () => {
    const [reply, parent, place] = [comment(), comment(), comment({ deletedAt: NOW })]
    expect(applyDeletion(reply, { parent, replies: 1 }, NOW)).toEqual([reply])
    expect(applyDeletion(reply, { parent: place, replies: 2 }, NOW)).toEqual([reply])
    expect(applyDeletion(reply, { parent: place, replies: 1 }, NOW)).toEqual([reply, place])
  })
})

test('mayDelete lets the author and the owner of the prompt, as long as they see it, and nobody else', () => {
  const prompt = (fields: Partial<Readable> = {}): Readable => ({
    user_id: 'owner',
    is_public: true,
    status: 'PUBLISHED',
    version: 1,
    public_from_version: 1,
    deleted_at: null,
    licences: null,
    ...fields,
  })
  const who = (fields?: Partial<Readable>) =>
    ['author', 'owner', 'anyone'].filter((userId) => mayDelete({ userId: 'author' }, prompt(fields), userId))
  expect(who()).toEqual(['author', 'owner'])
  expect(who({ is_public: false })).toEqual(['owner'])
  expect(who({ deleted_at: NOW })).toEqual([])
})
