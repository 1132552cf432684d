import { type MongoClient, UUID } from 'mongodb'
import { type Access, Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { VersionServiceService as Rpcs } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { getVersion } from '../../../services/version/db/get-version.ts'
import type { LabelChangeDocument } from '../../../services/version/db/label-changes.ts'
import { asker } from './ask.ts'
import { bareRpc, type BareRpc } from './serve.ts'

/** GetVersion and GetLabel with nothing but the question to the prompt service at `target` and the finds. */
export function versionRpcs(mongo: MongoClient, database: string, target: string, certificates: string): BareRpc[] {
  const versions = mongo.db(database).collection('prompt_versions') as never
  const labelChanges = mongo.db(database).collection<LabelChangeDocument>('label_changes')
  const ask = asker(PromptInternalServiceService.checkAccess, { service: 'prompt', target, certificates })
  const checkAccess = (promptId: string, token: string) => ask({ promptId }, token)
  const readableVersion = async (promptId: string, version: number, { readableVersions }: Access) => {
    if (!readableVersions.some(({ from, to }) => from <= version && version <= to)) throw new Error('no such version')
    const row = await getVersion(versions, promptId, version)
    if (!row) throw new Error('no such version')
    return { ...row, variables: row.variables.map((variable) => Variable.fromJSON(variable)) }
  }
  return [
    bareRpc(Rpcs.getVersion, async ({ promptId, version }, caller) => {
      const { access } = await checkAccess(promptId, caller!.authorization)
      return { version: await readableVersion(promptId, version, access!), notModified: false }
    }),
    bareRpc(LabelServiceService.getLabel, async ({ promptId, label: name }, caller) => {
      const { access } = await checkAccess(promptId, caller!.authorization)
      const filter = { promptId: new UUID(promptId), label: name }
      const change = await labelChanges.findOne(filter, { sort: { seq: -1 }, projection: { _id: 0 } })
      if (!change?.version) throw new Error('no such label')
      const { version: number, seq, userId, createdAt: movedAt } = change
      const version = await readableVersion(promptId, number, access!)
      return { label: { name, version: number, seq, userId: userId.toString(), movedAt }, version, notModified: false }
    }),
  ]
}
