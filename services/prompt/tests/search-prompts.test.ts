import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { Prompt_Status } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import {
  SearchPromptsRequest,
  SearchPromptsResponse,
  type SearchPromptsResponse_Snippet as Snippet,
} from '#contracts/gen/promptforge/prompt/v1/search.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person
let bob: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
  bob = await service.person('bob')
})
afterAll(() => service.stop())

const search = (fields: Partial<SearchPromptsRequest>, caller?: Person) =>
  service.prompts.searchPrompts(SearchPromptsRequest.fromPartial(fields), caller?.as)
const titles = async (fields: Partial<SearchPromptsRequest> | string, caller?: Person) =>
  (await search(typeof fields === 'string' ? { query: fields } : fields, caller)).matches.map(
    ({ prompt }) => prompt!.title,
  )
/** A snippet with what matches in brackets. */
const marked = (snippet: Snippet | undefined) =>
  snippet!.parts.map(({ text, isMatch }) => (isMatch ? `[${text}]` : text)).join('')

describe('SearchPrompts finds', () => {
  test.each([
    ['node.js', 'Write Node.js tests', ['node.js', 'NODE.JS', 'node', 'js']],
    ['c++', 'Review C++/C# code', ['c++', 'C++', 'c#', 'c++ c#']],
    ['an emoji', 'Launch\u{1f680}plan', ['\u{1f680}', 'launch \u{1f680}']],
    ['an apostrophe', 'What\u2019s brewing', ["what's", 'Whats', 'what\u2019s', "brewing what's"]],
    [
      'folded case',
      'STRA\u00dfE und \u039f\u0394\u039f\u03a3',
      ['strasse', 'Stra\u00dfe', '\u03bf\u03b4\u03bf\u03c3', '\u03bf\u03b4\u03bf\u03c2'],
    ],
    ['full width', 'Ｆｕｌｌｗｉｄｔｈ', ['fullwidth', 'ＦＵＬＬＷＩＤＴＨ']],
    ['Chinese', '请把这篇文章翻译成英文', ['文章', '翻译成', '英文', '请把这篇文章翻译成英文']],
    ['Japanese', '会議のメモを要約するプロンプト', ['要約', 'プロンプト', 'の', 'ロン']],
    ['Thai', 'สรุปเอกสารภาษาไทย', ['เอกสาร', 'ภาษา', 'ไทย', 'าษ']],
    ['Korean', '회의록을 요약하는 프롬프트', ['회의록', '요약', '프롬프트']],
  ])('%s as it is written', async (_, title, queries) => {
    await service.create(ann, { title })
    for (const query of queries) expect([query, await titles(query)]).toEqual([query, [title]])
  })

  test('a prompt by words of its title, description and tags together, never by its content', async () => {
    const fields = { title: 'Heron', description: 'It wades.\nSlowly', tags: ['Wading birds'], content: 'ibis' }
    await service.create(ann, fields)
    for (const query of ['heron', 'wades', 'slowly heron', 'BIRDS wades heron', 'heron, "wades"'])
      expect(await titles(query)).toEqual(['Heron'])
    for (const query of ['ibis', 'heron ibis', 'her', 'hero', 'birdsong']) expect(await titles(query)).toEqual([])
  })

  test('a prompt by what it says now', async () => {
    const { id } = await service.create(ann, { title: 'Osprey', description: 'fishes', tags: ['raptor'] })
    const update = (fields: object) => service.prompts.updatePrompt({ promptId: id, changes: '', ...fields }, ann.as)
    await update({ title: 'Kestrel' })
    expect(await titles('osprey')).toEqual([])
    expect(await titles('kestrel fishes raptor')).toEqual(['Kestrel'])
    await update({ description: '', tags: { values: ['falcon'] } })
    expect(await titles('fishes')).toEqual([])
    expect(await titles('raptor')).toEqual([])
    expect(await titles('falcon kestrel')).toEqual(['Kestrel'])
    await update({ description: 'hovers', isPublic: true })
    expect(await titles('kestrel hovers falcon')).toEqual(['Kestrel'])
  })

  test('what matches in the title first, then in tags, then in the description, newest first among equals', async () => {
    await service.create(ann, { title: 'By description', description: 'quokka' })
    await service.create(ann, { title: 'By tag', tags: ['quokka'] })
    await service.create(ann, { title: 'Old quokka' })
    await service.create(ann, { title: 'New quokka' })
    const { matches, matchesCount, newestOnly } = await search({ query: 'quokka' })
    expect(matches.map(({ prompt }) => prompt!.title)).toEqual(['New quokka', 'Old quokka', 'By tag', 'By description'])
    expect(matches.map(({ rank }) => rank)).toEqual(matches.map(({ rank }) => rank).toSorted((a, b) => b - a))
    expect({ matchesCount, newestOnly }).toEqual({ matchesCount: 4, newestOnly: false })
  })
})

test('SearchPrompts finds a fork as it finds what it was forked from', async () => {
  const { id } = await service.create(ann, { title: 'Bittern', description: 'booms', tags: ['reeds'] })
  await service.prompts.forkPrompt({ promptId: id }, bob.as)
  expect(await titles('bittern booms reeds')).toEqual(['Bittern', 'Bittern'])
})

describe('any text is a query', () => {
  test.each(['', ' ', ':*', '&|!()', "'", '"', '\\', "''''", '%', '!', '<->', '.+#', '\u3002', '\u200d'])(
    '%j finds nothing',
    async (query) => {
      expect(await search({ query })).toMatchObject({ matches: [], matchesCount: 0, newestOnly: false })
    },
  )

  test.each(["a:* & b | !c <-> 'd", '\\ " \' heron\\', '@me /games =birds !', '# 12 0', `${'\u{1f680}'.repeat(200)}`])(
    '%j is searched for without an error',
    async (query) => {
      expect((await search({ query })).matches).toBeInstanceOf(Array)
    },
  )

  test('up to 200 characters', async () => {
    expect(await titles('\u6587'.repeat(200))).toEqual([])
    const error = await rejection(search({ query: 'a'.repeat(10_000) }))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'query' }] })
  })
})

describe('what a searcher may not read', () => {
  const secret = { title: 'Narwhal', description: 'narwhal tusk', tags: ['narwhal'], content: 'narwhal' }

  test('leaves every answer, count, snippet and token as it would be without it', async () => {
    for (let n = 0; n < 3; n += 1) await service.create(ann, { title: `Narwhal ${n}`, category: 'games' })
    const asked: Partial<SearchPromptsRequest>[] = [
      { query: 'narwhal' },
      { query: 'narwhal', pageSize: 2 },
      { query: 'tusk' },
      { query: 'narwhal', tag: 'narwhal' },
      { query: 'narwhal', category: 'games' },
      { query: 'narwhal', userId: ann.userId },
      { query: 'narwhal', isPublic: true },
      { query: 'narwhal', isPublic: false },
    ]
    const ask = async (caller?: Person) =>
      Promise.all(
        asked.map(async (fields) => {
          const { nextPageToken: pageToken, ...first } = await search(fields, caller)
          const second = pageToken ? await search({ ...fields, pageToken }, caller) : undefined
          return [first, pageToken, second].map((page) =>
            typeof page === 'object' ? Buffer.from(SearchPromptsResponse.encode(page as never).finish()) : page,
          )
        }),
      )
    const before = [await ask(), await ask(bob)]

    await service.create(ann, { ...secret, isPublic: false })
    await service.create(ann, { ...secret, isPublic: false, category: 'games' })
    await service.create(ann, { ...secret, status: Prompt_Status.DRAFT })
    const archived = await service.create(ann, secret)
    await service.set(archived.id, { status: 'ARCHIVED', revision: archived.version })
    const deleted = await service.create(ann, secret)
    await service.prompts.deletePrompt({ promptId: deleted.id }, ann.as)
    const hidden = await service.create(ann, secret)
    await service.prompts.updatePrompt({ promptId: hidden.id, changes: '', isPublic: false }, ann.as)

    expect([await ask(), await ask(bob)]).toEqual(before)
    expect(await titles({ query: 'tusk', userId: 'me' }, ann)).toHaveLength(5)
    expect(await titles({ query: 'tusk', isPublic: false }, ann)).toHaveLength(3)
  })

  test('is found by its owner alone, who asks for their own', async () => {
    await service.create(ann, { title: 'Axolotl', isPublic: false })
    expect(await titles({ query: 'axolotl', userId: 'me' }, ann)).toEqual(['Axolotl'])
    expect(await titles({ query: 'axolotl' }, ann)).toEqual([])
    expect(await titles({ query: 'axolotl', userId: ann.userId }, bob)).toEqual([])
  })
})

describe('filters', () => {
  test('of owner, category and tag are those of ListPrompts', async () => {
    await service.create(ann, { title: 'Pelican one', category: 'games', tags: ['big beak'] })
    await service.create(bob, { title: 'Pelican two', category: 'legal', tags: ['big', "o'beak\\"] })
    expect(await titles({ query: 'pelican', category: 'games' })).toEqual(['Pelican one'])
    expect(await titles({ query: 'pelican', category: 'no-such' })).toEqual([])
    expect(await titles({ query: 'pelican', userId: bob.userId })).toEqual(['Pelican two'])
    expect(await titles({ query: 'pelican', tag: ' BIG' })).toEqual(['Pelican two'])
    expect(await titles({ query: 'pelican', tag: 'Big Beak' })).toEqual(['Pelican one'])
    expect(await titles({ query: 'pelican', tag: "o'beak\\" })).toEqual(['Pelican two'])
    expect(await titles({ query: 'pelican', tag: 'beak' })).toEqual([])
    expect(await titles({ query: 'pelican', tag: 'big', category: 'legal', userId: 'me' }, bob)).toEqual([
      'Pelican two',
    ])
  })

  test('of somebody else’s private prompts find nothing, and `me` needs a token', async () => {
    expect(await titles({ query: 'pelican', isPublic: false, userId: ann.userId }, bob)).toEqual([])
    expect(await titles({ query: 'pelican', isPublic: false })).toEqual([])
    expect(await rejection(search({ query: 'pelican', userId: 'me' }))).toMatchObject({ code: status.UNAUTHENTICATED })
  })
})

describe('a snippet', () => {
  test('marks what matches, and is the text when its parts are joined', async () => {
    await service.create(ann, {
      title: 'Toucan <b>&c',
      description: 'A TOUCAN\u2019s beak, and \u5927\u5634\u9e1f\u513f.',
    })
    const [match] = (await search({ query: "toucan's \u5634\u9e1f beak" })).matches
    expect(marked(match!.title)).toBe('Toucan <b>&c')
    expect(marked(match!.description)).toBe('A [TOUCAN\u2019s] [beak], and \u5927[\u5634\u9e1f]\u513f.')
    const [other] = (await search({ query: 'toucan' })).matches
    expect(marked(other!.title)).toBe('[Toucan] <b>&c')
  })

  test('of a long description is the part with most of what was searched for', async () => {
    const filler = 'lorem ipsum dolor sit amet '.repeat(40)
    const description = `A macaw. ${filler}Here the macaw has a perch. ${filler}`.trim()
    await service.create(ann, { title: 'Bird', description })
    const [{ description: snippet } = {}] = (await search({ query: 'macaw perch' })).matches
    expect(marked(snippet)).toContain('Here the [macaw] has a [perch]. lorem')
    expect(snippet).toMatchObject({ isCutBefore: true, isCutAfter: true })
    const text = snippet!.parts.map((part) => part.text).join('')
    expect(description).toContain(text)
    expect(text.length).toBeLessThan(250)
  })

  test('has no content', async () => {
    await service.create(ann, { title: 'Cassowary', content: 'a secret recipe' })
    const answer = await search({ query: 'cassowary' })
    expect(JSON.stringify(SearchPromptsResponse.toJSON(answer))).not.toContain('recipe')
    expect(marked(answer.matches[0]!.description)).toBe('')
  })
})

describe('a description of the allowed length is stored and found, when it', () => {
  const distinct = (n: number, text: (n: number) => string) => Array.from({ length: n }, (_, i) => text(i))
  test.each([
    ['is of different words', distinct(1400, (n) => n.toString(36).padStart(2, '0')).join(' '), '16'],
    ['is of different characters', distinct(5000, (n) => String.fromCodePoint(0x4e00 + n)).join(''), '\u4e01\u4e02'],
    [
      'is of characters beyond the first plane',
      distinct(5000, (n) => String.fromCodePoint(0x20000 + n)).join(''),
      '\u{20001}\u{20002}',
    ],
    ['is of one word', 'w'.repeat(5000), 'w'.repeat(190)],
    ['is of words that are joined', 'ab.'.repeat(1666), 'ab.ab'],
    ['is of apostrophes', "\u1e9e'".repeat(2500), 'ss'],
    ['is of ligatures that are eighteen letters', '\ufdfa'.repeat(5000), '\ufdfa'],
    ['is of punctuation', "'\\:,&|!()".repeat(555), undefined],
    ['is of emoji', '\u{1f680}'.repeat(5000), '\u{1f680}\u{1f680}'],
  ])('%s', async (kind, description, query) => {
    const title = `Long: ${kind}`
    await service.create(ann, { title, description, tags: distinct(20, (n) => `${n}${'\ufdfa'.repeat(2)}`) })
    expect(await titles({ query: `${query ?? ''} long`, pageSize: 100 })).toContain(title)
  })
})

test('what is searched is what is listed, whatever was done to prompts', async () => {
  const columns = 'ordinal, user_id, category, search'
  const listed = `select id, ${columns} from prompts where is_public and status = 'PUBLISHED' and deleted_at is null`
  const searched = `select prompt_id, ${columns} from prompt_search`
  expect(
    await service.database.query(`(${listed} except ${searched}) union all (${searched} except ${listed})`),
  ).toEqual([])
  expect(await service.database.query(`${searched} limit 1`)).toHaveLength(1)
})
