import { MAX_MESSAGE_BYTES } from '#contracts/request-size.ts'
import type { Exposed } from '../exposed.ts'
import { type Config, httpFilter } from './envoy.ts'

/** The filter that turns REST requests into calls of these methods, and their answers into JSON. */
export const transcoder = (methods: Exposed[], descriptorSet: string): Config =>
  httpFilter('grpc_json_transcoder', 'grpc_json_transcoder.v3.GrpcJsonTranscoder', {
    proto_descriptor: descriptorSet,
    services: [...new Set(methods.map(({ service }) => service))],
    auto_mapping: false,
    convert_grpc_status: true,
    match_unregistered_custom_verb: true,
    query_param_unescape_plus: true,
    print_options: {
      always_print_primitive_fields: true,
      always_print_enums_as_ints: false,
      preserve_proto_field_names: false,
      stream_sse_style_delimited: true,
    },
    request_validation_options: {
      reject_unknown_method: true,
      reject_unknown_query_parameters: true,
      reject_binding_body_field_collisions: true,
    },
    // The buffer before it has looked at each method's own limit.
    max_request_body_size: Math.max(...methods.map(({ maxRequestBytes }) => maxRequestBytes)),
    max_response_body_size: MAX_MESSAGE_BYTES,
  })
