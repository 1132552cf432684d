import { credentials, makeClientConstructor } from '@grpc/grpc-js'
import { service } from 'grpc-health-check'

const Health = makeClientConstructor(service as never, 'grpc.health.v1.Health')

/** What a probe in plaintext learns of a service: `SERVING` or `NOT_SERVING`. The name is empty for liveness. */
export async function readHealth(target: string, name: string): Promise<string> {
  const client = new Health(target, credentials.createInsecure())
  try {
    return await new Promise((resolve, reject) =>
      client['check']!({ service: name }, (error: unknown, answer: { status: string }) =>
        error ? reject(error) : resolve(answer.status),
      ),
    )
  } finally {
    client.close()
  }
}
