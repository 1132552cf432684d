import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Config, Test, TestEvents, TestRunnerContext, TestRunnerOptions, TestWatcher } from 'jest-runner'
import * as jest from 'jest-runner'
import { ALONE } from './alone.ts'

// What its types say of it is true of its CommonJS form.
const TestRunner = jest.default as unknown as typeof jest.default.default

const root = join(import.meta.dirname, '../..')

/**
 * Runs the test files side by side, as many as jest has workers, and then those of `ALONE` one after another, so that nothing else
 * takes the machine's time from them. It is one run, with one result.
 */
export default class Runner extends TestRunner {
  readonly #alone: InstanceType<typeof TestRunner>

  constructor(config: Config.GlobalConfig, context: TestRunnerContext) {
    super(config, context)
    this.#alone = new TestRunner({ ...config, maxWorkers: 1 }, context)
    const missing = Object.keys(ALONE).filter((file) => !existsSync(join(root, file)))
    if (missing.length > 0) throw new Error(`scripts/testing/alone.ts names what is not there: ${missing.join(', ')}`)
  }

  override async runTests(tests: Test[], watcher: TestWatcher, options: TestRunnerOptions): Promise<void> {
    const runsAlone = ({ path }: Test) => relative(root, path) in ALONE
    const [alone, others] = [tests.filter(runsAlone), tests.filter((test) => !runsAlone(test))]
    if (others.length > 0) await super.runTests(others, watcher, options)
    if (alone.length > 0) await this.#alone.runTests(alone, watcher, options)
  }

  override on<Name extends keyof TestEvents>(name: Name, listener: (data: TestEvents[Name]) => void | Promise<void>) {
    const ends = [super.on(name, listener), this.#alone.on(name, listener)]
    return () => ends.forEach((end) => end())
  }
}
