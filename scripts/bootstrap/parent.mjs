import { readFileSync, readlinkSync } from 'node:fs'

/** Milliseconds between two looks whether the parent is there. */
const INTERVAL_MS = 500

/** Ancestors that are looked at for npm: between it and us there is a shell, if anything. */
const MOST_ANCESTORS = 8

/**
 * Sends this process SIGTERM when it has lost its parent: whoever started it was told to stop, or was killed, and could not pass it on.
 * A shell between npm and us says nothing when npm has gone, so every ancestor up to npm counts as the parent. Answers with a function
 * that ends the watch: for a process that has begun to stop.
 *
 * @returns {() => void}
 */
export function endWithParent() {
  const before = ancestors()
  const timer = setInterval(() => {
    if (before.every((pid, i) => pid === parentOf(i === 0 ? process.pid : before[i - 1]))) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, INTERVAL_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** The parent, its parent and so on up to npm; the parent alone when npm did not start us. */
function ancestors() {
  const found = [process.ppid]
  const npm = process.env['npm_node_execpath']
  while (npm && found.length < MOST_ANCESTORS) {
    const last = found.at(-1)
    if (programOf(last) === npm) return found
    const next = parentOf(last)
    if (!next) break
    found.push(next)
  }
  return found.slice(0, 1)
}

/** @param {number | undefined} pid */
function programOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return undefined
  }
}

/** @param {number | undefined} pid */
function parentOf(pid) {
  if (pid === process.pid) return process.ppid
  try {
    // The name, second and in brackets, may hold spaces; the parent is the second field after it.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1])
  } catch {
    return undefined
  }
}
