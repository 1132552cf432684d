import { type Config, extension } from './envoy.ts'

/** What every listener does first: it removes the headers that only the gateway may send to a service. */
export const NOTHING_SPOOFED: Config = {
  early_header_mutation_extensions: [
    extension(
      'envoy.http.early_header_mutation.header_mutation',
      'extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
      {
        mutations: [
          { remove_on_match: { key_matcher: { prefix: 'x-pf-', ignore_case: true } } },
          { remove_on_match: { key_matcher: { prefix: 'x-envoy-', ignore_case: true } } },
          { remove: 'grpc-previous-rpc-attempts' },
          // A caller's own name for a request is not taken over: it could be anything, and anybody else's.
          { remove: 'x-request-id' },
        ],
      },
    ),
  ],
}
