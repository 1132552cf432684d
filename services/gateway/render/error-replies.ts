import type { AppError } from '#chassis/errors.ts'
import { ERROR_DOMAIN } from '#chassis/grpc/status.ts'
import { ErrorInfo } from '#contracts/gen/google/rpc/error_details.ts'
import { Status } from '#contracts/gen/google/rpc/status.ts'
import type { Failure } from '../failures.ts'
import { type Config, extension } from './envoy.ts'

const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo'
const REQUEST_ID = 'x-request-id'
const GRPC_STATUS = 'x-pf-grpc-status'

// A transcoded request is a gRPC one by its content type, but not its caller's.
const CALLER_IS_GRPC =
  "'content-type' in request.headers && request.headers['content-type'].startsWith('application/grpc') && !('x-envoy-original-path' in request.headers)"

/** What Envoy answers by itself: always the shape that errors of the services have, and never a text of its own. */
export const errorReplies = (failures: Failure[]): Config => ({
  mappers: failures.flatMap((failure) => [grpcReply(failure), restReply(failure)]),
})

function restReply({ when, error, http, explains, unnamed }: Failure): Config {
  return {
    filter: cel(when),
    ...(http && { status_code: http }),
    headers_to_add: [requestId(unnamed)],
    body_format_override: {
      json_format: {
        code: error.code,
        message: explains ? '%LOCAL_REPLY_BODY%' : error.message,
        details: [
          {
            '@type': ERROR_INFO,
            reason: error.reason,
            domain: ERROR_DOMAIN,
            metadata: { ...error.metadata, request_id: `%RESP(${REQUEST_ID})%` },
          },
        ],
      },
    },
  }
}

function grpcReply({ when, error, grpc = error, http, explains, unnamed }: Failure): Config {
  return {
    filter: cel(`(${when}) && ${CALLER_IS_GRPC}`),
    ...(http && { status_code: http }),
    headers_to_add: [
      requestId(unnamed),
      setHeader('grpc-status', String(grpc.code)),
      // gRPC-Web's filter makes a status of its own from that of HTTP: gateway.lua puts this one in its place.
      ...(unnamed ? [] : [setHeader(GRPC_STATUS, String(grpc.code))]),
      setHeader('grpc-status-details-bin', statusDetails(grpc)),
    ],
    body_format_override: { text_format_source: { inline_string: explains ? '%LOCAL_REPLY_BODY%' : grpc.message } },
  }
}

const cel = (expression: string) => ({
  extension_filter: extension(
    'envoy.access_loggers.extension_filters.cel',
    'extensions.access_loggers.filters.cel.v3.ExpressionFilter',
    { expression },
  ),
})

const setHeader = (key: string, value: string, append_action = 'OVERWRITE_IF_EXISTS_OR_ADD') => ({
  header: { key, value },
  append_action,
})

const requestId = (unnamed = false) => setHeader(REQUEST_ID, unnamed ? '%UNIQUE_ID%' : `%REQ(${REQUEST_ID})%`)

/** The binary form of the same error, without the request id: that is in its own header. */
function statusDetails({ code, message, reason, metadata }: AppError): string {
  const info = ErrorInfo.encode(ErrorInfo.fromPartial({ reason, domain: ERROR_DOMAIN, metadata })).finish()
  const status = Status.fromPartial({ code, message, details: [{ typeUrl: ERROR_INFO, value: Buffer.from(info) }] })
  return Buffer.from(Status.encode(status).finish()).toString('base64')
}
