import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js'

type Asked<Request, Response> = Pick<
  MethodDefinition<Request, Response>,
  'path' | 'requestSerialize' | 'responseDeserialize'
>

/** Makes a question to a real service: it is asked with a token, and answers within two seconds. */
export function asker<Request, Response>(
  { path, requestSerialize, responseDeserialize }: Asked<Request, Response>,
  { service, target, certificates }: { service: string; target: string; certificates: string },
): (request: Request, token: string) => Promise<Response> {
  const read = (name: string) => readFileSync(join(certificates, name))
  const client = new Client(
    target,
    // The certificate names the service; whose it is does not matter here.
    credentials.createSsl(read('ca.pem'), read('key.pem'), read('cert.pem')),
    { 'grpc.ssl_target_name_override': service, 'grpc.enable_channelz': 0 },
  )
  return (request, token) =>
    new Promise((resolve, reject) => {
      const metadata = new Metadata()
      metadata.set('authorization', token)
      const options = { deadline: Date.now() + 2000 }
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        (error, answer) => (error ? reject(error) : resolve(answer!)),
      )
    })
}
