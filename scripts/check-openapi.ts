// Part of `npm run check`: asks a validator that is not ours whether the document that `npm run gen` has written is OpenAPI 3.1, and
// looks for operations without an example.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { readExamples } from '../services/gateway/openapi/examples.ts'

const file = join(import.meta.dirname, '../services/contracts/gen/site/openapi.json')
const document = JSON.parse(readFileSync(file, 'utf8')) as {
  paths: Record<string, Record<string, { operationId: string }>>
}
const { valid, errors } = await new Validator().validate(document)
if (!valid) {
  process.stderr.write(`${file} is no OpenAPI document: ${JSON.stringify(errors, undefined, 2)}\n`)
  process.exitCode = 1
}

const examples = readExamples()
for (const { operationId } of Object.values(document.paths).flatMap((verbs) => Object.values(verbs))) {
  if (examples.has(operationId)) continue
  process.stderr.write(
    `${operationId} has no example: call it in services/gateway/openapi/session, then run \`npm run examples\`\n`,
  )
  process.exitCode = 1
}
