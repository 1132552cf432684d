import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { clone, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { readContract } from '#contracts/contract.ts'
import { openApi } from './document.ts'
import type { Json } from './json.ts'

const bytes = readFileSync(join(import.meta.dirname, '../../contracts/gen/documented.binpb'))
const set = fromBinary(FileDescriptorSetSchema, bytes)
const SERVICE = 'promptforge.prompt.v1.SocialService'

/** The document of a contract whose comments, or declarations, are not as they are. */
function documentWith(
  change: (set: FileDescriptorSet) => void,
  examples: Parameters<typeof openApi>[1] = new Map(),
): Json {
  const changed = clone(FileDescriptorSetSchema, set)
  change(changed)
  return openApi(readContract(toBinary(FileDescriptorSetSchema, changed)), examples)
}

const document = documentWith(() => undefined) as any

/** Puts another text in the place of the first comment that has `text` in it. */
const comment = (text: string, other: string) => (changed: FileDescriptorSet) => {
  const all = changed.file.flatMap(({ sourceCodeInfo }) => sourceCodeInfo?.location ?? [])
  const location = all.find(({ leadingComments }) => leadingComments.includes(text))
  if (!location) throw new Error(`no comment has ${text}`)
  location.leadingComments = other
}

describe('it is not made, and what to do is said, when the protos do not describe', () => {
  test.each<[string, (set: FileDescriptorSet) => void, string]>([
    [
      'a method',
      comment('Likes a prompt. Liking', ''),
      `${SERVICE}.LikePrompt has no description: write in a comment before it what it does`,
    ],
    [
      'by which reason it fails',
      comment('Likes a prompt. Liking', ' Likes. Errors: ABORTED when it is late.\n'),
      `${SERVICE}.LikePrompt fails with ABORTED and does not say by which ErrorReason: write it in brackets after the case, \`ABORTED when … (REASON)\``,
    ],
    [
      'what to do about a reason',
      comment('the prompt has an active listing', ' FAILED_PRECONDITION: it is listed.\n'),
      'ErrorReason.ALREADY_LISTED is not described: write `// CODE: when it comes.` before it, and `// Remedy: what the caller can do.`',
    ],
    [
      'a service',
      comment('What people think of prompts. A prompt', ''),
      `${SERVICE} has no description: write in a comment before it what it is for`,
    ],
    [
      'a field',
      comment('With the caller.', ''),
      'LikePromptResponse.likes_count has no description: write in a comment before it what it is',
    ],
  ])('%s', (_, change, message) => {
    expect(() => documentWith(change)).toThrow(message)
  })

  test('anything', () => {
    const silent = (changed: FileDescriptorSet) => changed.file.forEach((file) => delete file.sourceCodeInfo)
    expect(() => documentWith(silent)).toThrow('the descriptor set has no comments')
  })
})

test('it is not made with an example of what is no operation', () => {
  expect(() => documentWith(() => undefined, new Map([['fly', []]]))).toThrow('there is an example of fly')
})

describe('an operation', () => {
  const createPrompt = document.paths['/v1/prompts'].post

  test('of services alone is not in it', () => {
    const ids = Object.values<any>(document.paths).flatMap((path) =>
      Object.values<any>(path).map((one) => one.operationId),
    )
    expect(ids).toContain('likePrompt')
    expect(ids).not.toContain('checkCaller')
  })

  test('says who may call it', () => {
    expect(createPrompt.security).toEqual([{ session: [] }, { apiKey: ['prompts:write'] }])
    expect(document.paths['/v1/prompts'].get.security).toEqual([{}, { session: [] }, { apiKey: ['prompts:read'] }])
    expect(document.paths['/v1/users/{user_id}:setRole'].post.description).toContain(
      'Needs a user whose role is ADMIN.',
    )
  })

  test('has the reasons that its comment names, those of its kind, and those of the method that it refers to', () => {
    const reasons = (operation: any, status: number): string[] => {
      const { $ref, ...own } = operation.responses[status]
      return ($ref ? document.components.responses[$ref.split('/').at(-1)] : own)['x-error-reasons']
    }
    expect(reasons(createPrompt, 400)).toEqual(
      expect.arrayContaining(['CATEGORY_UNKNOWN', 'UNKNOWN_FIELD', 'REQUEST_ID_REUSED']),
    )
    // A repeated request answers with what it made as it is now, and that may have been deleted.
    for (const create of [createPrompt, document.paths['/v1/comparisons'].post])
      expect(reasons(create, 404)).toContain('RESOURCE_NOT_FOUND')
    const update = document.paths['/v1/listings/{listing_id}'].patch
    expect(reasons(update, 400)).toEqual(expect.arrayContaining(['LISTING_NOT_ACTIVE', 'RESALE_NOT_ALLOWED']))
    expect(reasons(update, 409)).toEqual(expect.arrayContaining(['ETAG_STALE', 'CONCURRENT_CHANGE']))
  })

  test('that a proto marks as deprecated is deprecated', () => {
    const deprecate = (changed: FileDescriptorSet) => {
      const service = changed.file.flatMap((file) => file.service).find(({ name }) => name === 'SocialService')!
      service.method.find(({ name }) => name === 'LikePrompt')!.options!.deprecated = true
    }
    const changed = documentWith(deprecate) as any
    expect(changed.paths['/v1/prompts/{prompt_id}:like'].post.deprecated).toBe(true)
    expect(changed.paths['/v1/prompts/{prompt_id}:unlike'].post).not.toHaveProperty('deprecated')
  })
})

describe('a schema', () => {
  const { schemas } = document.components

  test('of a request has the limits and defaults of its fields, and refuses others', () => {
    expect(schemas.CreatePromptRequest).toMatchObject({ required: ['title', 'content'], additionalProperties: false })
    expect(schemas.CreatePromptRequest.properties).toMatchObject({
      title: { type: 'string', minLength: 1, maxLength: 200 },
      tags: { maxItems: 20, items: { minLength: 1, maxLength: 50 } },
      isPublic: { type: 'boolean', default: true },
      status: { enum: ['DRAFT', 'PUBLISHED'], default: 'PUBLISHED' },
      requestId: { pattern: expect.stringContaining('[0-9a-f]{8}-') },
    })
  })

  test('of an answer has what the gateway always prints as required, and 64 bits as text', () => {
    const { required, properties } = schemas.PromptActivity
    expect(required).toContain('views')
    expect(properties.views).toMatchObject({ type: 'string', format: 'int64' })
    expect(schemas.GetPromptResponse.required).toEqual(['likedByMe'])
  })

  test('of a required choice takes exactly one', () => {
    expect(schemas.LogoutRequest.allOf).toEqual([{ oneOf: [{ required: ['refreshToken'] }, { required: ['all'] }] }])
  })
})
