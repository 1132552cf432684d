import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts a process's time in hundredths of a second, whatever the machine. */
const TICKS_A_SECOND = 100

/** Microseconds of processor time, user and system, that a process and its threads have used. */
export function cpuMicros(pid: number): number {
  // The name, second and in brackets, may hold spaces; utime and stime are the 14th and 15th of all.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND) * 1e6
}

/** MiB of memory that a process has resident. */
export function residentMiB(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

/** Watches how much memory a process has; tells the most that it was, MiB. */
export function watchMemory(pid: number) {
  let most = residentMiB(pid)
  const timer = setInterval(() => {
    most = Math.max(most, residentMiB(pid))
  }, 100)
  return {
    stop: () => {
      clearInterval(timer)
      return Math.round(most)
    },
  }
}

/** The process that runs `program` and has `mark` in its environment; undefined when there is none. */
export function findProcess(program: string, mark: string): number | undefined {
  const found = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      const [command] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      return command === program && readFileSync(`/proc/${name}/environ`, 'utf8').includes(mark)
    } catch {
      return false // it has ended, or is somebody else's
    }
  })
  return found === undefined ? undefined : Number(found)
}
