// `node reload.mjs PROGRAM FOLDER`: sends SIGHUP to the processes of PROGRAM when a file in FOLDER has changed. A mounted Secret changes by
// the renaming of a link, which inotify reports for the folder on some file systems only, so the contents are compared.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Milliseconds between two looks. The kubelet itself brings a changed Secret within about a minute. */
const INTERVAL_MS = 10_000

const [program, folder] = process.argv.slice(2)
for (const name of ['SIGTERM', 'SIGINT']) process.once(name, () => process.exit(0))

let last = contents()
setInterval(() => {
  const now = contents()
  if (now === last) return
  const pids = processes()
  for (const pid of pids) process.kill(pid, 'SIGHUP')
  process.stdout.write(
    `the certificates changed: ${program} was told to read them (processes: ${pids.join(', ') || 'none'})\n`,
  )
  // While it is not running there is nobody to tell, and it reads them when it starts.
  last = now
}, INTERVAL_MS)

function contents() {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) {
    if (!name.startsWith('.')) hash.update(name).update(readFileSync(join(folder, name)))
  }
  return hash.digest('hex')
}

function processes() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandOf(name) === program)
    .map(Number)
}

/** @param {string} pid */
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined // it has ended
  }
}
