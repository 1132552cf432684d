import { existsSync, readFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { run } from './step.mjs'

/** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }>} Packages */

/**
 * Whether node_modules is what package-lock.json says. npm writes what it has installed to a lockfile of its own, as the last
 * thing that it does: so an interrupted installation is seen, and one by hand (`npm install x`) need not be done again.
 *
 * @param {string} root
 */
export function packagesAreCurrent(root) {
  const installedFile = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(installedFile)) return false
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const installed = packagesOf(installedFile)
  // Packages for other systems are optional, in the lockfile, and not installed.
  const missing = Object.entries(wanted).some(([path, { optional }]) => path && !optional && !installed[path])
  const foreign = Object.entries(installed).some(([path, { integrity }]) => wanted[path]?.integrity !== integrity)
  return !missing && !foreign
}

/**
 * Installs exactly what package-lock.json says. No package's install script runs: none that we need has one that does
 * something we need, and so nothing is compiled.
 *
 * @param {string} root
 * @param {AbortSignal} signal
 */
export async function installPackages(root, signal) {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = npmCommand(root, args)
  await run(npm.command, npm.args, { cwd: root, signal, env: npm.env })
}

/**
 * How to run npm: the one that started us, or the system's.
 *
 * @param {string} root
 * @param {string[]} args
 */
export function npmCommand(root, args) {
  const own = join(root, 'node_modules')
  const { npm_execpath: npm = '', npm_node_execpath: node = process.execPath, PATH = '' } = process.env
  // The packaged Node is among what `npm ci` deletes first: it cannot be the one that runs it.
  const path = PATH.split(delimiter).filter((folder) => !folder.startsWith(own))
  const env = { ...process.env, PATH: path.join(delimiter) }
  const starter = basename(npm) === 'npm-cli.js' && !node.startsWith(own)
  return { command: starter ? node : 'npm', args: starter ? [npm, ...args] : args, env }
}

/**
 * @param {string} file
 * @returns {Packages}
 */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}
