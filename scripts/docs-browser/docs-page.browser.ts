import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startTestNetwork, type TestNetwork } from '../../services/dev-env/tests/harness.ts'
import { type Browser, type Look, type Page, startBrowser } from './browser.ts'

const DESKTOP = { width: 1280, height: 900, isPhone: false, isDark: false }
const PHONE = { width: 390, height: 844, isPhone: true, isDark: false }
const LOOKS: [string, Look][] = [
  ['desktop', DESKTOP],
  ['desktop-dark', { ...DESKTOP, isDark: true }],
  ['phone', PHONE],
  ['phone-dark', { ...PHONE, isDark: true }],
]

let network: TestNetwork
let browser: Browser

beforeAll(async () => {
  network = await startTestNetwork()
  await network.signUp('lena')
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.stop()
  await network.stop()
})

const open = (look: Look, path = '/docs') => browser.open(`${network.gateway.url}${path}`, look)

/** Keeps a picture for people in the folder PF_PICTURES, where one is named. */
async function keep(page: Page, name: string) {
  const folder = process.env['PF_PICTURES']
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.png`), await page.picture())
}

const ENTER = `(selector, value) => {
  const field = document.querySelector(selector)
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value').set.call(field, value)
  field.dispatchEvent(new Event('input', { bubbles: true }))
}`
const enter = (page: Page, selector: string, value: string) =>
  page.run(`(${ENTER})(${JSON.stringify(selector)}, ${JSON.stringify(value)})`)
const click = async (page: Page, selector: string) => {
  await page.see(selector, `document.querySelector(${JSON.stringify(selector)}) !== null`)
  await page.run(`document.querySelector(${JSON.stringify(selector)}).click()`)
}

const OPERATION = '#operations-User-getUser'

test.each(LOOKS)('/docs shows every operation, asks nobody else and fits: %s', async (name, look) => {
  const page = await open(look)
  await page.see('the operations', `document.querySelectorAll('.opblock').length > 100`)
  await keep(page, name)
  await click(page, `${OPERATION} .opblock-summary-control`)
  await page.see('the operation', `document.querySelector('${OPERATION} .responses-table') !== null`)
  await page.run(`document.querySelector('${OPERATION}').scrollIntoView()`)
  await keep(page, `${name}-operation`)
  expect(page.requests.filter((url) => !url.startsWith(`${network.gateway.url}/`) && !url.startsWith('data:'))).toEqual(
    [],
  )
  expect(page.errors).toEqual([])
  expect(await page.run('document.documentElement.scrollWidth')).toBeLessThanOrEqual(look.width)
})

test.each(LOOKS)('the pages of errors and versions fit: %s', async (name, look) => {
  for (const path of ['errors', 'versioning']) {
    const page = await open(look, `/docs/${path}`)
    await page.see('the page', `document.querySelector('h1') !== null`)
    await keep(page, `${name}-${path}`)
    expect(page.errors).toEqual([])
    expect(await page.run('document.documentElement.scrollWidth')).toBeLessThanOrEqual(look.width)
  }
})

test('whoever signs in on the page calls as that user from it, and signs out again', async () => {
  const page = await open(PHONE)
  await page.see('the operations', `document.querySelectorAll('.opblock').length > 100`)
  await enter(page, '[name=login]', 'lena')
  await enter(page, '[name=password]', 'wrong password')
  await click(page, '#sign-in button')
  await page.see('the refusal', `document.querySelector('#problem').textContent !== ''`)
  await enter(page, '[name=password]', 'correct horse battery')
  await click(page, '#sign-in button')
  await page.see('who is signed in', `document.querySelector('#who').textContent.startsWith('lena')`)
  await keep(page, 'signed-in')

  await click(page, `${OPERATION} .opblock-summary-control`)
  await click(page, `${OPERATION} .try-out__btn`)
  await enter(page, `${OPERATION} tr[data-param-name=user_id] input`, 'me')
  await click(page, `${OPERATION} .execute`)
  await page.see(
    'the answer',
    `/"username": "lena"/.test(document.querySelector('${OPERATION} .live-responses-table')?.textContent)`,
  )
  await page.run(`document.querySelector('${OPERATION} .live-responses-table').scrollIntoView()`)
  await keep(page, 'called')

  await click(page, '#sign-out button')
  await click(page, `${OPERATION} .execute`)
  await page.see(
    'the refusal',
    `/TOKEN_MISSING/.test(document.querySelector('${OPERATION} .live-responses-table')?.textContent)`,
  )
})
