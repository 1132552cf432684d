import { serve } from '#chassis/grpc/server.ts'
import { LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import { compareVersions } from './compare-versions.ts'
import { exportPrompts } from './export-prompts.ts'
import { getLabel } from './get-label.ts'
import { getLabelGate } from './get-label-gate.ts'
import { getVersion } from './get-version.ts'
import { listLabelChanges } from './list-label-changes.ts'
import { listLabels } from './list-labels.ts'
import { listVersions } from './list-versions.ts'
import { removeLabel } from './remove-label.ts'
import { removeLabelGate } from './remove-label-gate.ts'
import { restoreVersion } from './restore-version.ts'
import { setLabel } from './set-label.ts'
import { setLabelGate } from './set-label-gate.ts'

/** The table: a handler for each RPC. */
export const services = (deps: Deps) => [
  serve(VersionServiceService, {
    listVersions: listVersions(deps),
    getVersion: getVersion(deps),
    compareVersions: compareVersions(deps),
    restoreVersion: restoreVersion(deps),
    exportPrompts: exportPrompts(deps),
  }),
  serve(LabelServiceService, {
    setLabel: setLabel(deps),
    removeLabel: removeLabel(deps),
    setLabelGate: setLabelGate(deps),
    getLabelGate: getLabelGate(deps),
    removeLabelGate: removeLabelGate(deps),
    getLabel: getLabel(deps),
    listLabels: listLabels(deps),
    listLabelChanges: listLabelChanges(deps),
  }),
]
