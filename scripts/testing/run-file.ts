import { createRequire, registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import type * as Jest from '@jest/globals'
import { setGlobals } from './globals.ts'

/** Jest's settings of a run or of a project, which we hand on. */
type Settings = Record<string, unknown>

type FakeTimers = { constructor: new (options: { config: Settings; global: object }) => FakeTimers }
type Environment = { global: Record<symbol, unknown>; fakeTimersModern: FakeTimers }

/** The part of jest's runtime that jest-circus asks for modules. */
type Runtime = {
  requireInternalModule(path: string): unknown
  requireModuleOrMock(from: string, name: '@jest/globals'): typeof Jest
  unstable_shouldLoadAsEsm(path: string): boolean
  unstable_importModule(path: string): Promise<unknown>
  restoreAllMocks(): void
}

type TestRunner = (
  globalConfig: Settings,
  config: Settings,
  environment: Environment,
  runtime: Runtime,
  path: string,
  report: unknown,
) => Promise<unknown>

const require = createRequire(import.meta.url)
const { default: circus } = require('jest-circus/runner') as { default: TestRunner }

/** Where jest-circus keeps, for all of its parts, who is told of what happens in a file, and how long a test may take. */
const HANDLERS = Symbol.for('EVENT_HANDLERS')
const TIMEOUT = Symbol.for('TEST_TIMEOUT_SYMBOL')
const shared: Record<symbol, unknown> = globalThis

const GLOBALS = new URL('./globals.ts', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals' ? { url: GLOBALS, shortCircuit: true } : next(specifier, context),
})

/**
 * Runs a test file as jest does, but imports it as Node imports any file: the modules behind it are compiled once for all runs and
 * evaluated once for all files of the process. In a context of its own, which is jest's way, each file would do both again for a
 * thousand modules, and most of the time of a run would go there. What a file changes of the environment and of mocks is undone.
 */
const runFile: TestRunner = async (globalConfig, config, environment, runtime, path, report) => {
  const env = { ...process.env }
  environment.fakeTimersModern = new environment.fakeTimersModern.constructor({ config, global: globalThis })
  runtime.unstable_shouldLoadAsEsm = () => true
  runtime.unstable_importModule = async (file) => {
    setGlobals(runtime.requireModuleOrMock(file, '@jest/globals'))
    await import(pathToFileURL(file).href)
    shared[TIMEOUT] = environment.global[TIMEOUT]
  }
  // The state of a file is in jest-circus itself: each file gets a fresh one.
  runtime.requireInternalModule = (module) => {
    delete require.cache[module]
    delete shared[HANDLERS]
    return require(module)
  }
  try {
    return await circus(globalConfig, config, environment, runtime, path, report)
  } finally {
    runtime.restoreAllMocks()
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
    Object.assign(process.env, env)
  }
}

export default runFile
