import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SERVICES } from './services.ts'

const ROOT = join(import.meta.dirname, '..')

/** How code names a service; `version` alone is a word of many meanings. */
const NAMES = {
  analytics: /\banalytics/i,
  version: /['"`/]version['"`/]|\bversionService\b|\bPF_VERSION_/,
}

/** Where a new service is added, and the files that may choose which services they are about. */
const MAY_NAME_A_SERVICE = [
  'services/services.ts',
  'services/contracts/events.ts',
  // The experiments: they measure and recount what they know, and prove the edges of the architecture. The import reads what a service exports.
  /^scripts\/(abuse|bench|chaos|import|k8s|processes|scale)\//,
  // It has the names of metrics.
  'scripts/monitoring/alert-cases.ts',
  // They follow what one service tells to where another one stores it.
  'services/deploy/check.ts',
  /^services\/deploy\/recount\//,
]

/** Tests name the services that they are about, and services those that they call. */
const MAY_NAME_ANY = /\.test\.ts$|\/tests\/|\/testing\/proto\//
const OF_A_SERVICE = new RegExp(`^services/(${SERVICES.map(({ name }) => name).join('|')})/`)

const files = ['services', 'scripts']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((name) => /\.(ts|mjs|lua)$/.test(name) && !name.startsWith('services/contracts/gen/'))
  .filter((name) => !MAY_NAME_ANY.test(name) && !OF_A_SERVICE.test(name))
  .concat('jest.config.js', 'buf.yaml', 'buf.gen.yaml', '.oxlintrc.json')

const withoutComments = (text: string) => text.replaceAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/ .*$/gm, '')

test.each(Object.entries(NAMES))('nothing but the one list and the catalogue of events names %s', (service, name) => {
  expect(SERVICES.map((entry) => entry.name)).toContain(service)
  const naming = files.filter((file) => name.test(withoutComments(readFileSync(join(ROOT, file), 'utf8'))))
  expect(naming).toContain('services/services.ts')
  const isAllowed = (file: string) =>
    MAY_NAME_A_SERVICE.some((one) => (typeof one === 'string' ? one === file : one.test(file)))
  expect(naming.filter((file) => !isAllowed(file))).toEqual([])
})
