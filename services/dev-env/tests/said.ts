import type { Stub } from '#chassis/grpc/client.ts'
import type { AnalyticsServiceService as Analytics } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'

/** What a message of WatchEvents says, over REST as over gRPC. */
export type Said = {
  event?: { cursor: string; type: string }
  heartbeat?: { cursor: string }
  end?: { cursor: string }
  error?: { reason: string; cursor: string }
}

/** The messages of WatchEvents over gRPC, as REST says them. */
export async function* saidOverGrpc(stub: Stub<typeof Analytics>, token: string, after = ''): AsyncGenerator<Said> {
  for await (const { kind } of stub.watchEvents({ after }, { token })) yield { [kind!.$case]: kind!.value }
}
