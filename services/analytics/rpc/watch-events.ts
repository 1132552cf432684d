import type { Call, Streaming } from '#chassis/grpc/call.ts'
import { watching } from '#chassis/grpc/watching.ts'
import type { WatchEventsRequest } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { cursorOf } from '../arrivals.ts'
import type { Deps } from '../context.ts'

export const watchEvents = ({ live }: Pick<Deps, 'live'>) =>
  async function* (request: WatchEventsRequest, call: Streaming<Call>) {
    const position = await live.begin(request.after)
    const after = request.after || cursorOf(Date.now(), position)
    yield* watching(call, after, (signal) => live.after(position, signal))
  }
