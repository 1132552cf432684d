import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { UUID } from 'mongodb'
import { until } from '#chassis/testing/until.ts'
import { createLogger } from '#chassis/logger.ts'
import { testMongo } from '#chassis/testing/mongo.ts'
import { testConfig } from '#chassis/testing/service.ts'
import { PromptVersion } from '../db/prompt-version.entity.ts'
import { versionService } from '../service.ts'
import { AUTHOR, startVersionService, type VersionTest, WRITTEN_AT } from './harness.ts'

/** BSON types of the seed's fields, as `$type` names them. */
const SEED = {
  _id: 'objectId',
  promptId: 'binData',
  version: 'int',
  title: 'string',
  content: 'string',
  description: 'string',
  category: 'string',
  userId: 'binData',
  changes: 'string',
  createdAt: 'date',
}

const BEYOND_SEED = {
  versionId: 'binData',
  variables: 'array',
  model: 'string',
  contentHash: 'string',
  username: 'string',
  visible: 'bool',
  headers: 'object',
}

const INDEXES = [
  { name: '_id_', key: { _id: 1 } },
  { name: 'promptId_version', key: { promptId: 1, version: 1 }, unique: true },
  { name: 'promptId', key: { promptId: 1 } },
  { name: 'createdAt', key: { createdAt: -1 } },
  { name: 'versionId', key: { versionId: 1 }, unique: true },
]

let service: VersionTest
let promptId: string

beforeAll(async () => {
  service = await startVersionService()
  promptId = await service.store([1])
})
afterAll(() => service.stop())

describe('a stored version', () => {
  test.each(Object.entries({ ...SEED, ...BEYOND_SEED }))('has %s, of type %s', async (field, type) => {
    expect(await service.documents.countDocuments({ [field]: { $type: type as never } })).toBe(1)
  })

  test.each(['promptId', 'userId', 'versionId'] as const)('has %s as a binary UUID', async (field) => {
    const [document] = await service.documents.find().toArray()
    expect(document![field].sub_type).toBe(4)
  })

  test('has the seed’s fields and those that the README names, and no others', async () => {
    const [document] = await service.documents.find().toArray()
    expect(Object.keys(document!).toSorted()).toEqual(Object.keys({ ...SEED, ...BEYOND_SEED }).toSorted())
  })

  test('has empty text for what the prompt does not have', async () => {
    const other = await service.store([1], { description: '', category: '', model: '', changes: '', variables: [] })
    const document = await service.documents.findOne({ promptId: new UUID(other) })
    expect(document).toMatchObject({ description: '', category: '', model: '', changes: '', variables: [] })
    await service.documents.deleteOne({ promptId: new UUID(other) })
  })

  test('is what the entity says', async () => {
    const { orm } = service.service.context
    const mapped = orm
      .getMetadata()
      .get(PromptVersion as never)
      .props.flatMap(({ fieldNames }) => fieldNames)
    expect(mapped.toSorted()).toEqual(Object.keys({ ...SEED, ...BEYOND_SEED }).toSorted())
    const found = await orm.em.fork().findOneOrFail(PromptVersion, { promptId })
    expect(found).toMatchObject({ promptId, userId: AUTHOR.userId, version: 1, createdAt: WRITTEN_AT })
  })
})

/** On one line, for the order of the key's fields counts. */
const described = ({ name, key, unique }: { name: string; key: object; unique?: boolean }) =>
  `${name} ${JSON.stringify(key)}${unique ? ' unique' : ''}`

test('a change of a label has the fields that the README names, and no others once its entry of the audit log is published', async () => {
  await service.labels.setLabel({ promptId, label: 'production', version: 1 }, service.owner)
  await service.labels.removeLabel({ promptId, label: 'production' }, service.owner)
  await until(
    'the entries to be published',
    async () => !(await service.changes.findOne({ audits: { $exists: true } })),
  )
  const types = {
    _id: 'objectId',
    promptId: 'binData',
    label: 'string',
    seq: 'int',
    userId: 'binData',
    createdAt: 'date',
  }
  for (const [seq, version, from] of [
    [1, 'int', 'null'],
    [2, 'null', 'int'],
  ] as const) {
    const fields = Object.entries({ ...types, version, from })
    const filter = Object.fromEntries(fields.map(([field, type]) => [field, { $type: type as never }]))
    const document = await service.changes.findOne({ $and: [filter, { seq }] })
    expect(Object.keys(document!).toSorted()).toEqual(fields.map(([field]) => field).toSorted())
  }
})

describe('the migration', () => {
  const log = createLogger('test', 'silent')

  test('makes the indexes of the seed and of data.md, and no others', async () => {
    const indexes = await service.documents.listIndexes().toArray()
    expect(indexes.map(described).toSorted()).toEqual(INDEXES.map(described).toSorted())
  })

  test('makes the indexes of label changes, by which the newest of a label is read, and entries of the audit log that wait', async () => {
    const indexes = await service.changes.listIndexes().toArray()
    const newest = { name: 'promptId_label_seq', key: { promptId: 1, label: 1, seq: -1 }, unique: true }
    const waiting = { name: 'auditsSince', key: { auditsSince: 1 } }
    expect(indexes.map(described).toSorted()).toEqual([INDEXES[0]!, newest, waiting].map(described).toSorted())
  })

  test('can be run by several at once, and again', async () => {
    const database = await testMongo()
    const config = testConfig(versionService, database.env)
    const migrate = () => versionService.store.migrate(config, log)
    const made = (await Promise.all([migrate(), migrate(), migrate()])).flat()
    const ofVersions = INDEXES.slice(1).map(({ name }) => `prompt_versions.${name}`)
    const names = [
      'prompt_versions',
      ...ofVersions,
      'erased_users',
      'label_changes',
      'label_changes.auditsSince',
      'label_changes.promptId_label_seq',
      'label_gates',
      'label_gates.auditsSince',
      'label_gates.promptId_label',
    ]
    expect([...new Set(made)].toSorted()).toEqual(names.toSorted())
    expect(await migrate()).toEqual([])
    await database.drop()
  })

  test('drops the index of the former outbox, and no index of anybody else', async () => {
    const database = await testMongo()
    const migrate = () => versionService.store.migrate(testConfig(versionService, database.env), log)
    await migrate()
    const collection = database.db.collection('prompt_versions')
    await collection.createIndex({ publishedAt: 1, createdAt: 1, versionId: 1 }, { name: 'outbox' })
    await collection.createIndex({ title: 1 }, { name: 'mine' })
    const done = (await Promise.all([migrate(), migrate()])).flat()
    expect([...new Set(done)]).toEqual(['prompt_versions.outbox (dropped)'])
    const left = await collection.listIndexes().toArray()
    const wanted = [...INDEXES, { name: 'mine', key: { title: 1 } }]
    expect(left.map(described).toSorted()).toEqual(wanted.map(described).toSorted())
    await database.drop()
  })

  test('does not take another index for its own', async () => {
    const database = await testMongo()
    await database.db
      .collection('prompt_versions')
      .createIndex({ promptId: 1, version: 1 }, { name: 'promptId_version' })
    await expect(versionService.store.migrate(testConfig(versionService, database.env), log)).rejects.toThrow(
      /promptId_version/,
    )
    await database.drop()
  })
})
