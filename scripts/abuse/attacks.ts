import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { Mesh } from '../processes/mesh.ts'
import { onDatabase } from '../processes/on-database.ts'
import { type Answer, postGrpc, type Send, sender } from './http.ts'
import { PASSWORD, register } from './innocent.ts'
import { publishViews, VIEWS } from './views.ts'

/** What an attack is made on, and with. */
export type Target = {
  mesh: Mesh
  /** Port of the gateway. */
  port: number
  /** From the attacker's address. */
  send: Send
  address: string
  /** Of the attacker, who is signed in. */
  token: string
  /** With which people's clients reach the services themselves. */
  tls: { ca: string; cert: string; key: string }
  /** A prompt of somebody else's, and one that is the attacker's. */
  foreign: string
  own: string
}

/** What somebody does who wants to harm; answers with what came of it, and throws when it did harm. */
export type Attack = {
  name: string
  /** Whether a part is away meanwhile, so that the innocent have to wait. */
  isFault?: boolean
  run(target: Target): Promise<string>
}

const EMPTY_IDS = Buffer.alloc(4_000_000, Buffer.from([0x0a, 0]))
const COMPRESSED = gzipSync(EMPTY_IDS)

/** The codes by which gRPC says that a request was at fault, or one too many. */
const REFUSED = ['3', '8', '12']

const batches = [PromptServiceService.batchGetPrompts.path, UserServiceService.batchGetUsers.path]

/** All of them, in the order in which they are played. */
export const ATTACKS: Attack[] = [
  {
    name: '20 batches of two million empty ids at once, through the gateway',
    run: async ({ port, address: localAddress }) => {
      const calls = batches.map((path) => postGrpc({ port, localAddress }, path, EMPTY_IDS, { count: 10 }))
      return all('refused', (await Promise.all(calls)).flat(), REFUSED)
    },
  },
  {
    name: '20 of them at the service itself',
    run: async (target) => {
      const service = promptDoor(target)
      const statuses = await postGrpc(service, batches[0]!, EMPTY_IDS, { count: 20 })
      return all('refused', statuses, REFUSED)
    },
  },
  {
    name: '300 compressed requests of 4 KB that become 4 MB, at both doors',
    run: async (target) => {
      const { port, address: localAddress } = target
      const options = { count: 150, headers: { 'grpc-encoding': 'gzip' } }
      const doors = [{ port, localAddress }, promptDoor(target)]
      const statuses = await Promise.all(doors.map((door) => postGrpc(door, batches[0]!, COMPRESSED, options)))
      return all('refused', statuses.flat(), REFUSED)
    },
  },
  {
    name: '10 prompts with a million tags, or 4,000 variables, each',
    run: async ({ send, token }) => {
      const prompt = { title: 'Much', content: 'Text' }
      const tags = JSON.stringify({ ...prompt, tags: Array.from({ length: 1_000_000 }, () => '') })
      const variables = { ...prompt, variables: Array.from({ length: 4000 }, (_, i) => `v${i}`) }
      const bodies = [tags, variables, tags, variables, tags, variables, tags, variables, tags, variables]
      const answers = await Promise.all(bodies.map((body) => send('POST', '/v1/prompts', { token, body })))
      return all('400 or 413', answers.map(statusOf), ['400', '413'])
    },
  },
  {
    name: '300 sign-ins at a path with a slash more',
    run: async ({ send }) => {
      const paths = ['/v1/auth/login/', '/v1/auth/login//']
      const guess = (i: number) =>
        send('POST', paths[i % 2]!, { body: { login: `nobody${i}`, password: 'wrong password' } })
      const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => guess(i)))
      const limited = answers.filter(({ status }) => status === 429).length
      if (limited < 200) throw new Error(`only ${limited} of 300 were limited`)
      return `${limited} limited`
    },
  },
  {
    name: 'guesses of passwords from 4 addresses for 5 s, while others sign in',
    run: async ({ port, send }) => {
      await until(
        'a sign-in to be allowed again',
        async () => (await send('POST', '/v1/auth/login', wrong(0))).status !== 429,
      )
      const attackers = [11, 12, 13, 14].map((last) => sender(port, `127.0.0.${last}`))
      const ending = AbortSignal.timeout(5000)
      let guesses = 0
      const guess = async (from: Send) => {
        while (!ending.aborted) {
          await from('POST', '/v1/auth/login', wrong(guesses++))
          await sleep(20)
        }
      }
      const guessing = attackers.flatMap((from) => Array.from({ length: 10 }, () => guess(from)))
      using newcomer = sender(port, '127.0.0.20')
      const username = `newcomer${crypto.randomUUID().slice(0, 8)}`
      await register(newcomer, username)
      const answers: Answer[] = []
      while (!ending.aborted) {
        answers.push(await newcomer('POST', '/v1/auth/login', { body: { login: username, password: PASSWORD } }))
        await sleep(500)
      }
      await Promise.all(guessing)
      for (const attacker of attackers) attacker[Symbol.dispose]()
      const slowest = Math.max(...answers.map(({ ms }) => ms))
      all('signed in', answers.map(statusOf), ['200'])
      return `${guesses} guesses; ${answers.length} others signed in, the slowest in ${slowest.toFixed(0)} ms`
    },
  },
  {
    name: '4,000 connections that say nothing, and 200 bodies that come byte by byte',
    run: async ({ port, address: localAddress }) => {
      const open = (text: string) =>
        new Promise<Socket>((resolve) => {
          const socket = connect({ port, host: '127.0.0.1', localAddress }, () => resolve(socket))
          socket.on('error', () => resolve(socket))
          socket.write(text)
        })
      const head =
        'POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n'
      const silent = await Promise.all(Array.from({ length: 4000 }, () => open('')))
      const slow = await Promise.all(Array.from({ length: 200 }, () => open(head)))
      const drip = setInterval(() => {
        for (const socket of slow) if (socket.writable) socket.write(' ')
      }, 500)
      const closed = (sockets: Socket[]) => sockets.every((socket) => socket.resume().destroyed)
      const begun = performance.now()
      await until('the silent ones to be closed', () => closed(silent))
      const silentMs = performance.now() - begun
      await until('the slow ones to be closed', () => closed(slow), 45_000).finally(() => clearInterval(drip))
      return `closed after ${(silentMs / 1000).toFixed(0)} s and ${((performance.now() - begun) / 1000).toFixed(0)} s`
    },
  },
  {
    name: 'POST to the admin interface, as any web page can',
    run: async ({ mesh }) => {
      using admin = sender(Number(new URL(mesh.gateway.adminUrl).port), '127.0.0.1')
      const paths = ['/drain_listeners', '/quitquitquit', '/healthcheck/fail', '/logging?level=trace']
      const answers = await Promise.all(paths.map((path) => admin('POST', path)))
      return all('refused', answers.map(statusOf), ['403', '404', '405'])
    },
  },
  {
    name: 'another prompt than that of the path, by query and body',
    run: async ({ send, token, foreign, own }) => {
      const answers = [
        await send('DELETE', `/v1/prompts/${foreign}?=?&prompt_id=${own}`, { token }),
        await send('DELETE', `/v1/prompts/${foreign}?prompt_id=${own}`, { token }),
        await send('PATCH', `/v1/prompts/${foreign}`, { token, body: { promptId: own, title: 'Taken' } }),
        await send('PATCH', `/v1/prompts/${foreign}`, { token, body: { prompt_id: own, title: 'Taken' } }),
      ]
      const there = await until('a read to be allowed again', async () => {
        const answer = await send('GET', `/v1/prompts/${own}`, { token })
        return answer.status !== 429 && answer
      })
      if (there.status !== 200 || there.body.prompt.title === 'Taken') throw new Error('it reached the other prompt')
      return all('refused', answers.map(statusOf), ['400', '403', '404', '429'])
    },
  },
  {
    name: '200 tokens that are none',
    run: async ({ send, token }) => {
      const [head, body] = token.split('.')
      const forged = ['x', `${head}.${body}.`, `${head}.${body}.AAAA`, `${token}x`, 'ü', `${token} ${token}`]
      const tries = Array.from({ length: 200 }, (_, i) => Buffer.from(forged[i % forged.length]!).toString('latin1'))
      const answers = await Promise.all(tries.map((value) => send('POST', '/v1/prompts', { token: value, body: {} })))
      return all('401', answers.map(statusOf), ['401', '429'])
    },
  },
  {
    name: `${VIEWS.toLocaleString('en')} views that wait when analytics comes back`,
    isFault: true,
    run: async ({ mesh }) => {
      const frozen = partOf(mesh, 'analytics').freeze(10_000)
      await publishViews(mesh.site)
      await frozen
      const { subject } = EVENTS.promptViewsRecorded
      const begun = performance.now()
      const count = async () => {
        const text = `select coalesce(sum(count), 0)::integer as count from platform_totals where event_type = 'prompt.viewed'`
        return (await onDatabase<{ count: number }>(mesh.site.databases['analytics']!, text))[0]!.count
      }
      await until(`all of ${subject} to be counted`, async () => (await count()) >= VIEWS, 120_000)
      const { state } = await mesh.site.manager.streams.info('PF_DEAD_LETTER')
      if (state.messages > 0) throw new Error(`${state.messages} went to the dead letters`)
      return `all counted ${((performance.now() - begun) / 1000).toFixed(0)} s after it was back`
    },
  },
  {
    name: 'a network that swallows packets between prompt and PostgreSQL, for 12 s',
    isFault: true,
    run: async ({ mesh, send, own, token }) => {
      const silent = partOf(mesh, 'prompt').silence!(12_000)
      await sleep(2000)
      const answers = await Promise.all(Array.from({ length: 20 }, () => send('GET', `/v1/prompts/${own}`, { token })))
      await silent
      const begun = performance.now()
      await until('an answer', async () => (await send('GET', `/v1/prompts/${own}`, { token })).status === 200)
      all('503 or 504', answers.map(statusOf), ['503', '504'])
      const slowest = Math.max(...answers.map(({ ms }) => ms))
      return `errors within ${slowest.toFixed(0)} ms; back ${(performance.now() - begun).toFixed(0)} ms after it`
    },
  },
]

const wrong = (i: number) => ({ body: { login: `nobody${i}`, password: 'wrong password' } })

const statusOf = ({ status }: Answer) => String(status)

/** Says how often what came; throws when something else came. */
function all(what: string, statuses: string[], right: string[]): string {
  const wrongOnes = statuses.filter((status) => !right.includes(status))
  if (wrongOnes.length > 0) {
    throw new Error(`${wrongOnes.length} of ${statuses.length} were not ${what}: ${[...new Set(wrongOnes)].join(', ')}`)
  }
  return `${statuses.length} ${what}`
}

const partOf = ({ parts }: Mesh, service: string) => parts.find(({ name }) => name === service)!

/** The prompt service itself, past the gateway. */
const promptDoor = ({ mesh, address: localAddress, tls }: Target) => ({
  port: partOf(mesh, 'prompt').ports.grpc,
  localAddress,
  tls,
})
