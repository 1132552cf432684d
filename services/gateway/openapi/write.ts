import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { stringify } from 'yaml'
import { readContract } from '#contracts/contract.ts'
import { SITE, zipped } from '../site.ts'
import { readComments } from './comments.ts'
import { openApi } from './document.ts'
import { readExamples } from './examples.ts'
import { DOCS, errorsPage, versioningPage } from './pages.ts'
import { readReasons } from './reasons.ts'

/**
 * Writes the document, and the pages that show it, into `site/` of the folder of generated code, from the descriptor set with comments there:
 * each file as it is, and compressed.
 */
export function writeReference(gen: string): void {
  const contract = readContract(readFileSync(join(gen, 'documented.binpb')))
  const document = openApi(contract, readExamples())
  const reasons = readReasons(contract, readComments(contract.set))
  const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const ours = (name: string) => readFileSync(join(DOCS, name), 'utf8')
  const theirs = (name: string) =>
    readFileSync(join(swagger, name), 'utf8').replace(/\n?(\/\/|\/\*)# sourceMappingURL=.*\s*$/, '\n')
  const files: Record<string, string> = {
    'openapi.json': `${JSON.stringify(document)}\n`,
    'openapi.yaml': stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 }),
    'docs.html': ours('index.html'),
    'errors.html': errorsPage(reasons),
    'versioning.html': versioningPage(),
    'docs.js': ours('docs.js'),
    'docs.css': ours('docs.css'),
    'swagger-ui.js': theirs('swagger-ui-bundle.js'),
    'swagger-ui.css': theirs('swagger-ui.css'),
  }
  mkdirSync(join(gen, 'site'), { recursive: true })
  for (const { name } of SITE) {
    const text = files[name]
    if (text === undefined)
      throw new Error(`nothing makes ${name}, which the gateway serves: write it here, or take it from site.ts`)
    writeFileSync(join(gen, 'site', name), text)
    writeFileSync(join(gen, 'site', zipped(name)), gzipSync(text, { level: 9 }))
  }
}
