/** The time that a command starts from. Throws, with an example, when `text` is none. */
export function timeArgument(command: string, text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()))
    throw new Error(`${command} needs the time to start from, for example 2026-11-20T00:00:00Z`)
  return time
}
