import { join } from 'node:path'
import { BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire'
import { describe, expect, test } from '@jest/globals'
import { camel, loadContract } from '#contracts/contract.ts'

type Encoder = { encode(message: { key: unknown; value: unknown }): BinaryWriter }

const GEN = join(import.meta.dirname, '../services/contracts/gen')

// Wherever a message of ours has a map: its generated module, and what an entry is called there.
const maps = [...loadContract().registry].flatMap((type) =>
  type.kind === 'message'
    ? type.fields
        .filter((field) => field.fieldKind === 'map' && field.mapKind !== 'message')
        .map((field) => {
          const inFile = type.typeName.slice(type.file.proto.package.length + 1).replaceAll('.', '_')
          return { file: `${type.file.name}.ts`, entry: `${inFile}_${camel(`_${field.name}`)}Entry` }
        })
    : [],
)

describe('an entry of a map is written with its key and its value, also when they are empty', () => {
  test.each(maps)('$entry', async ({ file, entry }) => {
    const module = (await import(join(GEN, file))) as Record<string, Encoder>
    const reader = new BinaryReader(module[entry]!.encode({ key: '', value: '' }).finish())
    const fields: number[] = []
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag()
      fields.push(field)
      reader.skip(type)
    }
    expect(fields).toEqual([1, 2])
  })

  test('there are some', () => {
    expect(maps.map(({ entry }) => entry)).toEqual(
      expect.arrayContaining(['ErrorInfo_MetadataEntry', 'SuiteCase_ValuesEntry']),
    )
  })
})
