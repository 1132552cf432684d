import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startGateway, type TestGateway } from './harness.ts'
import { PromptServiceService as P } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { rejection } from '#chassis/testing/rejection.ts'

let gw: TestGateway
beforeAll(async () => {
  gw = await startGateway()
})
afterAll(() => gw.stop())
const show = (what: string, a: any) => console.log(what, a.status, a.text, JSON.stringify([...a.headers]))
test('x', async () => {
  const token = await gw.token()
  show('get', await gw.rest('GET /v1/prompts/p1'))
  console.log(JSON.stringify(gw.prompt.calls.at(-1)))
  show('get jwks', await gw.rest('GET /.well-known/jwks.json'))
  show('post no token', await gw.rest('POST /v1/prompts', { body: '{}' }))
  show(
    'post',
    await gw.rest('POST /v1/prompts', {
      body: '{"title":"x"}',
      token,
      headers: {
        'idempotency-key': 'k1',
        'x-pf-user-id': 'evil',
        'x-envoy-original-path': '/evil',
        'x-envoy-external-address': '9.9.9.9',
        'x-forwarded-client-cert': 'a',
        'grpc-previous-rpc-attempts': '3',
        'x-request-id': 'my-id_1',
      },
    }),
  )
  console.log(JSON.stringify(gw.prompt.calls.at(-1)))
  show('bad token on public', await gw.rest('GET /v1/prompts/p1', { token: 'x.y.z' }))
  show('aud', await gw.rest('GET /v1/prompts/p1', { token: await gw.key.sign('ada', { aud: 'other' }) }))
  show('404', await gw.rest('GET /v1/nothing', { token }))
  show('401 unknown', await gw.rest('GET /v1/nothing'))
  show('bad query', await gw.rest('GET /v1/prompts?nope="\\', { token }))
  show('bad json', await gw.rest('POST /v1/prompts', { body: '{"title":', token }))
  show('2F', await gw.rest('GET /v1/prompts/a%2Fb'))
  show('healthz', await gw.rest('GET /healthz'))
  show('413', await gw.rest('POST /v1/prompts', { body: JSON.stringify({ title: 'x'.repeat(5e6) }), token }))
  console.log(await gw.stub(P).getPrompt({ promptId: 'p1' }))
  console.log(await rejection(gw.stub(P).createPrompt({} as any)))
  console.log(await rejection(gw.stub(P).getPrompt({ promptId: 'p1' }, { token: 'a.b.c' })))
  console.log(JSON.stringify(gw.accessLog().slice(0, 4), null, 1))
})
