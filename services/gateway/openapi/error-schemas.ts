import type { Json } from './json.ts'
import type { ReasonDoc } from './reasons.ts'

const typed = (name: string, properties: Json): Json => ({
  type: 'object',
  properties: { '@type': { const: `type.googleapis.com/google.rpc.${name}` }, ...properties },
  required: ['@type', ...Object.keys(properties)],
})

/** The schemas of what a call that failed answers: a `google.rpc.Status` with details. */
export const errorSchemas = (reasons: ReadonlyMap<string, ReasonDoc>): Json => ({
  ErrorResponse: {
    type: 'object',
    description:
      'Why a call failed. Programs go by `reason` of the ErrorInfo, which is always there; `message` is for people.',
    properties: {
      code: { type: 'integer', description: 'The gRPC status.' },
      message: { type: 'string', description: 'What happened and what to do.' },
      details: {
        type: 'array',
        items: {
          oneOf: ['ErrorInfo', 'BadRequest', 'RetryInfo'].map((name) => ({ $ref: `#/components/schemas/${name}` })),
        },
        minItems: 1,
      },
    },
    required: ['code', 'message', 'details'],
  },
  ErrorInfo: typed('ErrorInfo', {
    reason: { $ref: '#/components/schemas/ErrorReason' },
    domain: { const: 'promptforge' },
    metadata: {
      type: 'object',
      description: 'For programs: `request_id`, and what the reason adds.',
      additionalProperties: { type: 'string' },
    },
  }),
  BadRequest: {
    ...typed('BadRequest', {
      fieldViolations: {
        type: 'array',
        description: 'Every rule that the request breaks, as far as there is room.',
        items: {
          type: 'object',
          properties: {
            field: {
              type: 'string',
              description: 'The field by its name in the proto, `variables[2].name`; empty for the whole request.',
            },
            description: { type: 'string', description: 'What is wrong with it.' },
            reason: { type: 'string' },
          },
          required: ['field', 'description'],
        },
      },
    }),
  },
  RetryInfo: typed('RetryInfo', {
    retryDelay: {
      type: 'string',
      description: 'When the same request may succeed, `1.500s`.',
      pattern: '^[0-9]+(\\.[0-9]{1,9})?s$',
    },
  }),
  ErrorReason: {
    type: 'string',
    description: [...reasons.values()].map(section).join('\n\n'),
    enum: [...reasons.keys()],
  },
})

/** A reason as Markdown. */
const section = ({ name, code, http, when, remedy, metadata }: ReasonDoc) =>
  `**${name}** (HTTP ${http}, ${code}): ${when} *What to do:* ${remedy}${metadata ? ` *Metadata:* ${metadata}` : ''}`
