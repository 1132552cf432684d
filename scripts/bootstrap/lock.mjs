import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Lets one process at a time of this clone do `work`. The lock is a file with the holder's process id; that of a dead holder
 * is taken over.
 *
 * @param {string} root
 * @param {AbortSignal} signal
 * @param {() => Promise<void>} work
 */
export async function withLock(root, signal, work) {
  const folder = join(root, '.promptforge')
  const file = join(folder, 'prepare.lock')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  while (!take(file)) await sleep(200, undefined, { signal })
  try {
    await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/**
 * @param {string} file
 * @returns {boolean}
 */
function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    const holder = readHolder(file)
    // Empty: it is being written, or was removed, at this moment.
    if (!holder || existsSync(`/proc/${holder}`)) return false
    rmSync(file, { force: true })
    return take(file)
  }
}

/** @param {string} file */
function readHolder(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
