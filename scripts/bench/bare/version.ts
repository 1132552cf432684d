import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import type { MongoClient } from 'mongodb'
import { Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import {
  type CheckAccessResponse,
  PromptInternalServiceService,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { VersionServiceService as Rpcs } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { getVersion } from '../../../services/version/db/get-version.ts'
import { bareRpc, type BareRpc } from './serve.ts'

const { path, requestSerialize, responseDeserialize } = PromptInternalServiceService.checkAccess

/** GetVersion with nothing but the question to the prompt service at `target` and the find. */
export function versionRpcs(mongo: MongoClient, database: string, target: string, certificates: string): BareRpc[] {
  const versions = mongo.db(database).collection('prompt_versions') as never
  const read = (name: string) => readFileSync(join(certificates, name))
  const client = new Client(
    target,
    // The certificate names the service; whose it is does not matter here.
    credentials.createSsl(read('ca.pem'), read('key.pem'), read('cert.pem')),
    { 'grpc.ssl_target_name_override': 'prompt', 'grpc.enable_channelz': 0 },
  )
  const checkAccess = (promptId: string, token: string) =>
    new Promise<CheckAccessResponse>((resolve, reject) => {
      const metadata = new Metadata()
      metadata.set('authorization', token)
      const options = { deadline: Date.now() + 2000 }
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { promptId },
        metadata,
        options,
        (error, answer) => (error ? reject(error) : resolve(answer!)),
      )
    })
  return [
    bareRpc(Rpcs.getVersion, async ({ promptId, version }, caller) => {
      const { access } = await checkAccess(promptId, caller!.authorization)
      if (!access!.readableVersions.some(({ from, to }) => from <= version && version <= to))
        throw new Error('no such version')
      const row = await getVersion(versions, promptId, version)
      if (!row) throw new Error('no such version')
      const variables = row.variables!.map((variable) => Variable.fromJSON(variable))
      return { version: { ...row, content: row.content!, variables }, notModified: false }
    }),
  ]
}
