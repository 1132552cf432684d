import type { Contract } from '#contracts/contract.ts'
import { methodsForPeople } from '../exposed.ts'
import { restRoutes } from '../render/paths.ts'
import { readComments } from './comments.ts'
import { errorSchemas } from './error-schemas.ts'
import type { Example } from './examples.ts'
import { INTRODUCTION } from './introduction.ts'
import type { Json } from './json.ts'
import { operation, operationId, type Sources, tagOf } from './operations.ts'
import { readReasons } from './reasons.ts'
import { HEADERS } from './responses.ts'
import { createSchemas } from './schemas.ts'
import { shareResponses } from './share-responses.ts'

/**
 * The OpenAPI 3.1 document of what the gateway serves over REST. `contract` is of a descriptor set with comments. Throws with a sentence
 * for each thing that the contract does not describe.
 */
export function openApi(contract: Contract, examples: ReadonlyMap<string, Example[]>): Json {
  const comments = readComments(contract.set)
  const methods = methodsForPeople(contract)
  const reasons = readReasons(contract, comments)
  const schemas = createSchemas(contract, comments, methods)
  const sources: Sources = { contract, comments, reasons, schemas, examples }
  const paths: Record<string, Json> = {}
  const mistakes: string[] = []
  const ids = new Set<string>()
  for (const rest of restRoutes(methods)) {
    const id = operationId(rest.method)
    if (ids.has(id)) mistakes.push(`two operations are called ${id}: give one of their RPCs another name`)
    ids.add(id)
    try {
      paths[rest.route.path] = { ...paths[rest.route.path], [rest.route.verb.toLowerCase()]: operation(rest, sources) }
    } catch (error) {
      mistakes.push((error as Error).message)
    }
  }
  for (const id of examples.keys())
    if (!ids.has(id)) mistakes.push(`there is an example of ${id}, which is no operation: remove it`)
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'))
  const { paths: shared, responses } = shareResponses(sorted(paths))
  return {
    openapi: '3.1.1',
    info: {
      title: 'PromptForge',
      version: 'v1',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The gateway that serves this document.' }],
    tags: tags(
      methods.map(({ service }) => service),
      sources,
    ),
    paths: shared,
    components: {
      securitySchemes: SECURITY,
      headers: HEADERS,
      responses,
      schemas: { ...schemas.components(), ...errorSchemas(reasons) },
    },
  }
}

const SECURITY: Json = {
  session: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of a signed-in user: `tokens.accessToken` of `POST /v1/auth/login`.',
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'The access token of an application: `accessToken` of `POST /v1/auth/token`, which takes an API key. An operation names the scope that the key needs.',
  },
}

const sorted = (paths: Record<string, Json>) =>
  Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)))

function tags(services: string[], { contract, comments }: Sources): Json[] {
  return [...new Set(services)].map((service) => {
    const description = comments(contract.registry.getService(service)!)
    if (description === '')
      throw new Error(`${service} has no description: write in a comment before it what it is for`)
    return { name: tagOf({ service }), description }
  })
}
