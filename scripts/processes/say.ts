/** Says on stderr what is going on, with the seconds since the process began. */
export function say(line: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s ${line}\n`)
}
