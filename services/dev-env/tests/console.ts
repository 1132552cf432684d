import { execFile } from 'node:child_process'

/** A command of a page, and what the page says that it answers. */
export type Command = { command: string; answer: string }

/** The blocks of a page of Markdown that are fenced by three backticks, with the languages that they name. */
export const blocksOf = (page: string) =>
  [...page.matchAll(/^```(\S*)\n([^]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }))

/** The commands of the blocks `console` of a page: each begins with `$ `, may go on for lines that are indented, and ends with its answer. */
export function commandsOf(page: string): Command[] {
  const found: Command[] = []
  for (const { language, text } of blocksOf(page)) {
    if (language !== 'console') continue
    for (const part of text.split(/^\$ /m).slice(1)) {
      const lines = part.split('\n')
      const end = lines.findIndex((line, at) => at > 0 && !line.startsWith('    '))
      found.push({ command: lines.slice(0, end).join('\n'), answer: lines.slice(end).join('\n').trim() })
    }
  }
  return found
}

/** What separates the answers of a session; no command writes it. */
const MARK = '<end of the answer>'

/**
 * Runs commands in one shell, as a person types them one after another, and answers with each of them and what it wrote, errors too. Those that
 * it does not get to within `seconds` have not been run: a command before them waits for what never comes.
 */
export function runSession(
  commands: string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  seconds: number,
): Promise<Command[]> {
  const script = ['exec 2>&1', ...commands.map((command) => `${command}\nprintf '%s' '${MARK}'`)].join('\n')
  return new Promise((resolve) => {
    execFile('timeout', [String(seconds), 'bash', '-c', script], { cwd, env, maxBuffer: 16 << 20 }, (_, output) => {
      const answers = output.split(MARK)
      resolve(commands.map((command, at) => ({ command, answer: (answers[at] ?? 'was not run').trim() })))
    })
  })
}
