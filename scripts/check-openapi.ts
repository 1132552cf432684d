// Part of `npm run check`: asks a validator that is not ours whether the document that `npm run gen` has written is OpenAPI 3.1.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'

const file = join(import.meta.dirname, '../services/contracts/gen/site/openapi.json')
const { valid, errors } = await new Validator().validate(JSON.parse(readFileSync(file, 'utf8')))
if (!valid) {
  process.stderr.write(`${file} is no OpenAPI document: ${JSON.stringify(errors, undefined, 2)}\n`)
  process.exitCode = 1
}
