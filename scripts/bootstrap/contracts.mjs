import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './step.mjs'

const SOURCES = ['buf.yaml', 'buf.gen.yaml', 'scripts/gen.ts', 'scripts/print-proto.ts']
const PROTOS = ['proto/promptforge', 'services/chassis/testing/proto']
const TOOLS = ['@bufbuild/buf', '@bufbuild/protobuf', '@bufbuild/protovalidate', 'google-proto-files', 'ts-proto']

/** @param {string} root */
const stampFile = (root) => join(root, 'services/contracts/gen/.stamp')

/**
 * Whether the generated code comes from the protos, the generator and the tools as they are now.
 *
 * @param {string} root
 */
export function contractsAreCurrent(root) {
  return existsSync(stampFile(root)) && readFileSync(stampFile(root), 'utf8') === sourcesHash(root)
}

/**
 * Generates the contracts. The generator clears its folder first, so an interrupted run leaves no stamp.
 *
 * @param {string} root
 * @param {AbortSignal} signal
 */
export async function generateContracts(root, signal) {
  const hash = sourcesHash(root)
  await run(join(root, 'node_modules/.bin/node'), ['scripts/gen.ts'], { cwd: root, signal })
  writeFileSync(stampFile(root), hash)
}

/** @param {string} root */
function sourcesHash(root) {
  const protos = PROTOS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.proto'))
      .map((name) => join(folder, name)),
  )
  const hash = createHash('sha256')
  for (const name of [...SOURCES, ...protos.sort()]) hash.update(name).update(readFileSync(join(root, name)))
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const tool of TOOLS) hash.update(packages[`node_modules/${tool}`].integrity)
  return hash.digest('hex')
}
