import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { readContract } from '#contracts/contract.ts'
import { openApi } from './document.ts'
import { readExamples } from './examples.ts'

/** Writes the reference of the API into the folder of generated code, from its descriptor set with comments. */
export async function writeReference(gen: string): Promise<void> {
  const document = openApi(readContract(readFileSync(join(gen, 'documented.binpb'))), readExamples())
  writeFileSync(join(gen, 'openapi.json'), `${JSON.stringify(document)}\n`)
  writeFileSync(join(gen, 'openapi.yaml'), stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 }))
}
