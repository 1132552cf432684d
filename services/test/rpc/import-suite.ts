import { invalid, isAppError, type Violation } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { placeholdersOf } from '#chassis/render.ts'
import type { SuiteCase } from '#contracts/gen/promptforge/test/v1/suite.ts'
import {
  type ImportSuiteRequest,
  ImportSuiteRequest_Format as Format,
} from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import type { Version } from '#contracts/gen/promptforge/version/v1/version.ts'
import type { Deps } from '../context.ts'
import type { ImportFormat } from '../import/read-cases.ts'
import { checkSuite } from './check-suite.ts'
import { storeOnce } from './create-suite.ts'
import { readVersion } from './what-to-run.ts'

export const importSuite =
  ({ models, suites, remote }: Pick<Deps, 'models' | 'suites' | 'remote'>) =>
  async (request: ImportSuiteRequest, call: Call) => {
    const { promptId, content } = request
    const settings = request.settings!
    const head = await readVersion(remote, { promptId, which: undefined }, call)
    const task = { format: formatOf(request.format), content }
    const options = { owner: call.caller.userId, signal: call.signal }
    const { cases: read, problems } = await suites.importer.read(task, options)
    if (problems.length > 0) throw invalid(problems)
    const cases = read.map((one) => withUsedValues(one, head))
    await checkSuite({ models, ...suites }, settings, cases, call).catch((error: unknown) => {
      throw isAppError(error) && error.violations.length > 0
        ? invalid(error.violations.map((one) => inFile(one, cases)))
        : error
    })
    return storeOnce({ ...request, settings, cases }, call)
  }

function formatOf(format: Format): ImportFormat {
  switch (format) {
    case Format.PROMPTFOO_YAML:
      return 'PROMPTFOO_YAML'
    case Format.CSV:
      return 'CSV'
    case Format.JSON:
    case Format.UNSPECIFIED:
    case Format.UNRECOGNIZED:
      return 'JSON'
  }
}

/** A case without the values that a version has no use for. */
function withUsedValues(one: SuiteCase, { content, variables }: Version): SuiteCase {
  const used = new Set([...placeholdersOf(content), ...variables.map(({ name }) => name)])
  return { ...one, values: Object.fromEntries(Object.entries(one.values).filter(([name]) => used.has(name))) }
}

/** A violation of a case as one of the file, in which a case is found by its name. */
function inFile({ field, description }: Violation, cases: readonly SuiteCase[]): Violation {
  const [, index, rest] = /^cases\[(\d+)\]\.(.*)$/.exec(field) ?? []
  if (index === undefined) return { field: field === 'cases' ? 'content' : field, description }
  return { field: 'content', description: `case "${cases[Number(index)]!.name}", ${rest}: ${description}` }
}
