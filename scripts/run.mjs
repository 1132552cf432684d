// `node scripts/run.mjs [--without-stores] COMMAND …`: makes a clone ready, doing only what has not been done, and runs the
// command with the packaged Node first in PATH. `node scripts/run.mjs --generate` generates the contracts even if they are current.
// It needs nothing but a system Node, Python and npm, so it is plain JavaScript.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { contractsAreCurrent, forgetContracts, generateContracts } from './bootstrap/contracts.mjs'
import { withLock } from './bootstrap/lock.mjs'
import { installPackages, packagesAreCurrent } from './bootstrap/packages.mjs'
import { endWithParent } from './bootstrap/parent.mjs'
import { Stop, step } from './bootstrap/step.mjs'
import { cacheFolder, installStores, storesArePresent } from './bootstrap/stores.mjs'

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')

await main(process.argv.slice(2)).catch((error) => {
  if (error.name === 'AbortError') process.exitCode = 130
  else {
    process.stderr.write(`${error instanceof Stop ? error.message : error.stack}\n`)
    process.exitCode = 1
  }
})

/** @param {string[]} args */
async function main(args) {
  const [option, ...command] = args
  const generate = option === '--generate'
  const withStores = !generate && option !== '--without-stores'
  checkMachine()
  const stopWatching = endWithParent()
  process.env.BUF_CACHE_DIR ??= join(cacheFolder(), 'buf')
  if (generate) forgetContracts(root)
  await prepare(withStores)
  await hand(withStores ? args : command, stopWatching)
}

function checkMachine() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Stop(
      `PromptForge runs on Linux x86-64, and this is ${process.platform} ${process.arch}: use such a machine.`,
    )
  }
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Stop(`Install Node 20 or newer, this is ${process.versions.node}, and start again.`)
  }
}

/** @param {boolean} withStores */
async function prepare(withStores) {
  const aborter = new AbortController()
  const abort = () => aborter.abort()
  const { signal } = aborter
  for (const name of SIGNALS) process.on(name, abort)
  const steps = [
    { name: 'npm packages', done: packagesAreCurrent, work: installPackages },
    { name: 'contracts from protos', done: contractsAreCurrent, work: generateContracts },
    {
      name: 'Python packages',
      done: (/** @type {string} */ at) => !withStores || storesArePresent(at),
      work: installStores,
    },
  ]
  // Not all at once: what the contracts are made with is among the packages.
  if (!steps.every(({ done }) => done(root))) {
    await withLock(root, signal, async () => {
      for (const { name, done, work } of steps) if (!done(root)) await step(name, () => work(root, signal))
    })
  }
  for (const name of SIGNALS) process.off(name, abort)
  signal.throwIfAborted()
}

/**
 * Runs the command in our place: same terminal, same end. Node 20 cannot replace itself by it, so signals are passed on; but for
 * Ctrl-C, which a terminal sends to both of us. So is the loss of our parent, as SIGTERM.
 *
 * @param {string[]} command
 * @param {() => void} stopWatching
 */
async function hand([command = 'true', ...args], stopWatching) {
  const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  const terminal = process.stdin.isTTY
  let child = /** @type {import('node:child_process').ChildProcess | undefined} */ (undefined)
  // Before the command can begin: the first thing that it does may be to tell somebody to end us.
  for (const name of SIGNALS) {
    process.on(name, () => {
      stopWatching() // a second signal would cut its end short
      if (name !== 'SIGINT' || !terminal) child?.kill(name)
    })
  }
  // What Node has compiled it reads from there the next time: a service starts a third faster.
  const { NODE_COMPILE_CACHE = join(root, 'node_modules/.cache/node') } = process.env
  child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH, NODE_COMPILE_CACHE } })
  process.exitCode = await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Stop(`${command}: ${error.message}`)))
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[/** @type {NodeJS.Signals} */ (signal)]))
  })
}
