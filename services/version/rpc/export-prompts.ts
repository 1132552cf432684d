import type { PlainCall, SignedIn, Streaming } from '#chassis/grpc/call.ts'
import { forward } from '#chassis/grpc/client.ts'
import { downloads } from '#chassis/grpc/download.ts'
import type { PromptSummary } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { ListPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { ExportLine } from '#contracts/gen/promptforge/version/v1/export.ts'
import type { ExportPromptsRequest } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import { allVersions } from '../db/all-versions.ts'
import type { FullRow } from '../version.ts'
import { findVersion } from './stored-version.ts'
import { toVersion } from './view.ts'

/** Downloads at once, each of which holds a page of prompts, a batch of versions and a message: a few MiB. */
const MAX_RUNNING = 32

type Parts = Pick<Deps, 'versions' | 'arrivals' | 'remote'>
type ExportCall = Streaming<SignedIn<PlainCall>>

export const exportPrompts = (deps: Parts) => {
  const send = downloads({
    noun: 'prompts',
    filename: 'prompts.ndjson',
    contentType: 'application/x-ndjson',
    most: MAX_RUNNING,
  })
  return (_: ExportPromptsRequest, call: ExportCall) => send(call, textsOf(linesOf(deps, call)))
}

// A line may have 1.5 MiB, when each character of a long content is escaped.
async function* textsOf(lines: AsyncIterable<ExportLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(ExportLine.toJSON(line))}\n`
}

async function* linesOf(deps: Parts, call: ExportCall): AsyncGenerator<ExportLine> {
  const end = { prompts: 0, versions: 0 }
  for await (const prompt of ownPrompts(deps, call)) {
    yield { line: { $case: 'prompt', value: prompt } }
    end.prompts += 1
    for await (const row of versionsOf(deps, prompt, call.signal)) {
      yield { line: { $case: 'version', value: toVersion(row) } }
      end.versions += 1
    }
  }
  yield { line: { $case: 'end', value: end } }
}

async function* ownPrompts({ remote: { prompts } }: Parts, { origin }: ExportCall): AsyncGenerator<PromptSummary> {
  // A call that ends with this one listens to it as long as that lasts, so one for each page would be too many.
  const outgoing = { ...forward(origin), parent: undefined }
  let pageToken = ''
  do {
    const request = ListPromptsRequest.fromPartial({ userId: 'me', pageSize: 100, pageToken })
    const page = await prompts.listPrompts(request, outgoing)
    yield* page.prompts
    pageToken = page.nextPageToken
  } while (pageToken !== '')
}

/** The versions of a prompt up to the head that it had in the list; without those that do not arrive any more. */
async function* versionsOf(deps: Parts, prompt: PromptSummary, signal: AbortSignal): AsyncGenerator<FullRow> {
  const { id: promptId, version: head } = prompt
  const lastChangedAt = prompt.updatedAt ?? prompt.createdAt
  let next = 1
  const missing = async function* (end: number) {
    for (; next < end; next++) {
      const row = await findVersion(deps, { promptId, version: next }, { lastChangedAt }, signal)
      if (row) yield row
    }
  }
  for await (const row of allVersions(deps.versions, promptId, head)) {
    yield* missing(row.version)
    yield row
    next = row.version + 1
  }
  yield* missing(head + 1)
}
