import { expect, test } from '@jest/globals'
import { tellContent, tellState } from './recovered.ts'

const [THEN, NOW] = [new Date('2026-11-01T00:00:00Z'), new Date('2026-11-02T00:00:00Z')]

const prompt = (changes: object = {}) => ({
  title: 'Old',
  content: 'Old text',
  description: null,
  category: null,
  variables: [],
  model: null,
  isPublic: true,
  status: 'PUBLISHED' as const,
  version: 2,
  publicFromVersion: 1,
  revision: 3,
  createdAt: THEN,
  updatedAt: THEN,
  deletedAt: null,
  ...changes,
})

const content = (version: number) => ({
  title: `Version ${version}`,
  content: 'New text',
  description: null,
  category: null,
  variables: [],
  model: null,
  version,
})

test('a prompt of an earlier time gets the text of a later version, with its revision and its time', () => {
  const restored = prompt()
  tellContent(restored, content(3), { revision: 4, at: NOW, visible: true })
  expect(restored).toEqual(prompt({ ...content(3), revision: 4, updatedAt: NOW }))
})

test('what is older than the prompt changes nothing', () => {
  const restored = prompt()
  tellContent(restored, content(1), { revision: 1, at: THEN, visible: false })
  tellState(restored, { revision: 2, at: NOW, visible: false, isDeleted: false })
  expect(restored).toEqual(prompt())
})

test('a version whose text is lost is never given to another text: the number is raised', () => {
  const restored = prompt()
  tellState(restored, { revision: 5, at: NOW, visible: true, isDeleted: false, version: 4 })
  expect(restored).toEqual(prompt({ version: 4, revision: 5, updatedAt: NOW }))
})

test('what was not in lists is private, and what was is public from the version with which it was published', () => {
  const restored = prompt()
  tellState(restored, { revision: 4, at: NOW, visible: false, isDeleted: false })
  expect(restored).toMatchObject({ isPublic: false, publicFromVersion: 1 })
  tellState(restored, { revision: 5, at: NOW, visible: true, isDeleted: false })
  expect(restored).toMatchObject({ isPublic: true, status: 'PUBLISHED', publicFromVersion: 2 })
})

test('a deletion comes back, with the time at which it was', () => {
  const restored = prompt()
  tellState(restored, { revision: 4, at: NOW, visible: false, isDeleted: true })
  expect(restored).toMatchObject({ deletedAt: NOW, revision: 4 })
})
