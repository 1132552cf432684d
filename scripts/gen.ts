// Makes services/contracts/gen from proto/: the third-party protos that ours import (from npm packages, never from a remote
// registry), ts-proto's messages and services, and the descriptor set that everything else is derived from.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { file_buf_validate_validate } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { printProto } from './print-proto.ts'
import { writeWholeMapEntries } from './whole-map-entries.ts'

const root = join(import.meta.dirname, '..')
const gen = join(root, 'services/contracts/gen')
const thirdParty = join(gen, 'third_party')

const GOOGLE = ['api/annotations', 'api/http', 'api/httpbody', 'rpc/error_details', 'rpc/status', 'type/money']

rmSync(gen, { recursive: true, force: true })
copyGoogleProtos()
writeValidateProto()
buf('generate')
writeWholeMapEntries(gen)
build('promptforge.binpb', '--exclude-path', 'services/chassis/testing/proto/promptforge')
build('testing.binpb')
await writePaths()
await writeOpenApi()

function copyGoogleProtos() {
  const source = dirname(createRequire(import.meta.url).resolve('google-proto-files/package.json'))
  for (const name of GOOGLE) {
    const to = join(thirdParty, 'google', `${name}.proto`)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(join(source, 'google', `${name}.proto`), to)
  }
}

function writeValidateProto() {
  const dir = join(thirdParty, 'buf/validate')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'validate.proto'), printProto(file_buf_validate_validate))
}

// Imported when it can be: it reads what has just been generated.
async function writePaths() {
  const { loadContract, needsUser } = await import('../services/contracts/contract.ts')
  const methods = [...loadContract().methods.values()]
  const write = (file: string, doc: string, type: string, named: typeof methods) => {
    const paths = named.map(({ path }) => `'${path}'`)
    writeFileSync(join(gen, file), `/** ${doc} */\nexport type ${type} =\n  | ${paths.join('\n  | ')}\n`)
  }
  const anyone = 'The gRPC paths of the methods that may be called without a signed-in user, by their policies.'
  write(
    'anyone.ts',
    anyone,
    'AnyonePath',
    methods.filter((method) => !needsUser(method)),
  )
  const audited = 'The gRPC paths of the methods that write an entry into the audit log.'
  write(
    'audited.ts',
    audited,
    'AuditedPath',
    methods.filter((method) => method.audited !== undefined),
  )
}

// Imported when it can be, as well. Comments are in a descriptor set of their own, which no program reads that runs.
async function writeOpenApi() {
  buf('build', 'proto', '--as-file-descriptor-set', '-o', join(gen, 'documented.binpb'))
  const { writeReference } = await import('../services/gateway/openapi/write.ts')
  writeReference(gen)
}

function build(file: string, ...options: string[]) {
  buf('build', '--as-file-descriptor-set', '--exclude-source-info', '-o', join(gen, file), ...options)
}

function buf(...args: string[]) {
  execFileSync(join(root, 'node_modules/.bin/buf'), args, { cwd: root, stdio: 'inherit' })
}
