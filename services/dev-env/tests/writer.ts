import { randomUUID } from 'node:crypto'
import type { Ledger } from '../../../scripts/chaos/ledger.ts'
import type { SignedIn, TestNetwork } from './harness.ts'

/**
 * Creates a prompt through the gateway and edits it, and answers with its id. The ledger gets what was acknowledged. Throws when
 * an answer is not 200.
 */
export async function writePrompt(
  { rest }: Pick<TestNetwork, 'rest'>,
  { id: ownerId, token }: SignedIn,
  ledger: Ledger,
  edits = 1,
): Promise<string> {
  const versions = new Map<number, string>()
  const write = async (request: string): Promise<string> => {
    const title = `Title ${randomUUID()}`
    const { status, body } = await rest(request, { token, body: { title, content: `Content of ${title}` } })
    if (status !== 200) throw new Error(`${request} answered ${status}: ${JSON.stringify(body)}`)
    versions.set(body.prompt.version, title)
    return body.prompt.id
  }
  const id = await write('POST /v1/prompts')
  ledger.prompts.set(id, { ownerId, versions, isDeleted: false })
  for (let edit = 0; edit < edits; edit++) await write(`PATCH /v1/prompts/${id}`)
  return id
}
