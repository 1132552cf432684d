/** What a thread of a test does: ends the thread, never ends, or answers. */
export type Task = 'die' | 'hang' | 'answer'

/** Does it. */
export const work = (task: Task): string => {
  if (task === 'die') process.exit(1)
  while (task === 'hang');
  return 'answered'
}
