import type { Violation } from '#chassis/errors.ts'
import type { SuiteCase } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { draftsOfCsv } from './csv.ts'
import { casesOf, type Draft } from './draft.ts'
import { limits } from './limits.ts'
import { draftsOfCases } from './own-json.ts'
import { Problems, type Report } from './problems.ts'
import { draftsOfPromptfoo } from './promptfoo.ts'
import { readYaml } from './read-yaml.ts'
import { member } from './tree.ts'

/** What a file of cases is: a configuration or a list of tests of promptfoo in YAML or JSON, its CSV, or our own cases as JSON. */
export type ImportFormat = 'PROMPTFOO_YAML' | 'CSV' | 'JSON'

/** The cases, and what is wrong with the file; with any problem the cases are not complete. */
export type Imported = { cases: SuiteCase[]; problems: Violation[] }

/**
 * Reads a file of at most 1 MiB as the cases of a suite. What is wrong, or has no counterpart here, is a problem of the field
 * `content` that begins with its line, `line 12: …`; with any of them the cases are not complete. Never throws. Takes up to a
 * second of a processor for the longest files.
 */
export function readCases(format: ImportFormat, content: string): Imported {
  const problems = new Problems()
  const cases = casesOf(draftsOf(format, content, problems.report), problems.report)
  return { cases, problems: problems.violations() }
}

function draftsOf(format: ImportFormat, content: string, report: Report): Draft[] {
  const text = content.replace(/^\ufeff/, '')
  const problem = textProblem(text)
  if (problem) report(problem.line, problem.text)
  if (problem) return []
  switch (format) {
    case 'CSV':
      return draftsOfCsv(text, report)
    case 'PROMPTFOO_YAML': {
      const root = readYaml(text, report)
      return root ? draftsOfPromptfoo(root, report) : []
    }
    case 'JSON': {
      const root = isJson(text, report) ? readYaml(text, report) : undefined
      if (!root) return []
      return member(root, 'cases') ? draftsOfCases(root, report) : draftsOfPromptfoo(root, report)
    }
  }
}

function textProblem(text: string): { line: number; text: string } | undefined {
  const { fileBytes } = limits()
  if (text.length > fileBytes || Buffer.byteLength(text) > fileBytes)
    return { line: 1, text: `it has more than ${fileBytes / 2 ** 20} MiB` }
  const at = text.search(/[\0\ud800-\udfff]/u)
  if (at !== -1) return { line: lineAt(text, at), text: 'it has a character that is no text' }
  return text.trim() === '' ? { line: 1, text: 'it is empty' } : undefined
}

const lineAt = (text: string, offset: number) => text.slice(0, offset).split('\n').length

function isJson(text: string, report: Report): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const [, position] = /position (\d+)/.exec(String(error)) ?? []
    report(lineAt(text, position === undefined ? text.length : Number(position)), 'it is not JSON')
    return false
  }
}
