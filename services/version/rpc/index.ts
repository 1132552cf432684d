import { serve } from '#chassis/grpc/server.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import { compareVersions } from './compare-versions.ts'
import { exportPrompts } from './export-prompts.ts'
import { getVersion } from './get-version.ts'
import { listVersions } from './list-versions.ts'
import { restoreVersion } from './restore-version.ts'

/** The table: a handler for each RPC. */
export const services = (deps: Deps) => [
  serve(VersionServiceService, {
    listVersions: listVersions(deps),
    getVersion: getVersion(deps),
    compareVersions: compareVersions(deps),
    restoreVersion: restoreVersion(deps),
    exportPrompts: exportPrompts(deps),
  }),
]
