import { type Config, extension } from './envoy.ts'
import { CLAIMS } from './tokens.ts'

/** One line of JSON on standard output for each request: never a query, a body or a token. */
export const accessLog = (): Config =>
  extension('envoy.access_loggers.stdout', 'extensions.access_loggers.stream.v3.StdoutAccessLog', {
    log_format: {
      json_format: {
        time: '%START_TIME%',
        requestId: '%REQ(x-request-id)%',
        method: '%REQ(x-envoy-original-method?:method)%',
        path: '%PATH(NQ:ORIG_OR_PATH)%',
        rpc: '%PATH(NQ:PATH)%',
        status: '%RESPONSE_CODE%',
        grpcStatus: '%GRPC_STATUS(CAMEL_STRING)%',
        ms: '%DURATION%',
        bytesIn: '%BYTES_RECEIVED%',
        bytesOut: '%BYTES_SENT%',
        address: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
        user: `%DYNAMIC_METADATA(${CLAIMS.filter}:${CLAIMS.key}:sub)%`,
        instance: '%UPSTREAM_HOST%',
        attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
        flags: '%RESPONSE_FLAGS%',
        details: '%RESPONSE_CODE_DETAILS%',
      },
    },
  })
