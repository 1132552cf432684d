import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AckedPrompt, Ledger } from './ledger.ts'
import { actOnSales } from './sales.ts'
import { type Person, type Send, sender } from './send.ts'
import { actOnOthers } from './social.ts'
import { allowMost, actOnTests } from './tests.ts'

const PASSWORD = 'correct horse battery'

/** One person who writes, edits, reads, renames, deletes, likes, rates, comments, forks, follows, tests, sells and buys until `signal` is aborted; the ledger gets what was acknowledged. */
export async function actAsPerson(url: string, ledger: Ledger, signal: AbortSignal): Promise<void> {
  const send = sender(url, ledger)
  const person = await register(send, ledger, signal)
  if (!person) return
  await allowMost(send, person, signal)
  while (!signal.aborted) {
    await step({ send, url, ledger }, person)
    await sleep(20)
  }
}

async function step(acting: { send: Send; url: string; ledger: Ledger }, person: Person) {
  const { send, ledger } = acting
  const dice = Math.random()
  const promptId = person.prompts[Math.floor(Math.random() * person.prompts.length)]
  if (promptId === undefined || dice < 0.25) return create(send, ledger, person)
  const prompt = ledger.prompts.get(promptId)!
  if (dice < 0.45) return update(send, person, promptId, prompt)
  if (dice < 0.6) return actOnOthers(send, ledger, person)
  if (dice < 0.7) return actOnTests(acting, person, promptId)
  if (dice < 0.8) return actOnSales(send, ledger, person)
  if (dice < 0.87) return void (await send('GET', `/v1/prompts/${promptId}`, person))
  if (dice < 0.91) return remove(send, person, promptId, prompt)
  if (dice < 0.95) return rename(send, ledger, person)
  return signIn(send, ledger, person)
}

async function register(send: Send, ledger: Ledger, signal: AbortSignal): Promise<Person | undefined> {
  while (!signal.aborted) {
    const username = `p${randomUUID().slice(0, 18)}`
    const { status, body } = await send('POST', '/v1/auth/register', undefined, {
      username,
      email: `${username}@chaos.test`,
      password: PASSWORD,
    })
    if (status === 200) {
      ledger.users.set(body.user.id, { username, isUnsure: false })
      const login = `${username}@chaos.test`
      return {
        id: body.user.id,
        login,
        token: body.tokens.accessToken,
        prompts: [],
        tests: [],
        suites: [],
        runs: [],
        bought: [],
      }
    }
    await sleep(200)
  }
  return undefined
}

// The same key until it is answered: a prompt that was made without our hearing of it is the one that we are told of then.
async function create(send: Send, ledger: Ledger, person: Person) {
  const requestId = randomUUID()
  const title = `Made ${requestId}`
  for (let tries = 0; tries < 40; tries++) {
    const { status, body } = await send('POST', '/v1/prompts', person, { title, content: textOf(title), requestId })
    if (status === 200) {
      const { id, version } = body.prompt
      ledger.prompts.set(id, { ownerId: person.id, versions: new Map([[version, title]]), isDeleted: false })
      person.prompts.push(id)
      return
    }
    await sleep(250)
  }
}

async function update(send: Send, person: Person, promptId: string, prompt: AckedPrompt) {
  const title = `Changed ${randomUUID()}`
  const changed = { title, content: textOf(title), changes: 'another text', isPublic: Math.random() < 0.8 }
  const { status, body } = await send('PATCH', `/v1/prompts/${promptId}`, person, changed)
  if (status === 200) prompt.versions.set(body.prompt.version, title)
}

async function remove(send: Send, person: Person, promptId: string, prompt: AckedPrompt) {
  const { status } = await send('DELETE', `/v1/prompts/${promptId}`, person)
  if (status === 200) prompt.isDeleted = true
  // Without an answer it may be gone: nobody changes it any more.
  person.prompts = person.prompts.filter((id) => id !== promptId)
}

async function rename(send: Send, ledger: Ledger, person: Person) {
  const username = `r${randomUUID().slice(0, 18)}`
  const { status } = await send('PATCH', '/v1/users/me', person, { username })
  ledger.users.set(person.id, { username, isUnsure: status !== 200 })
}

async function signIn(send: Send, ledger: Ledger, person: Person) {
  const { status, body } = await send('POST', '/v1/auth/login', undefined, { login: person.login, password: PASSWORD })
  if (status !== 200) return
  ledger.signIns += 1
  person.token = body.tokens.accessToken
}

const textOf = (title: string) => `${title}: ${'Summarise what follows on {{topic}}. '.repeat(10)}`
