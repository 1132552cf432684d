import { FAILPOINT } from './config.ts'

/**
 * Kills this process as SIGKILL does when the environment variable `PF_FAILPOINT` is `name`. It is for the tests of what survives that; in production
 * the variable is not set.
 */
export function failpoint(name: string): void {
  if (FAILPOINT === name) process.kill(process.pid, 'SIGKILL')
}
