import { type ImportFormat, readCases } from './read-cases.ts'

/** A file, and what it is. */
export type Task = { format: ImportFormat; content: string }

/** What a thread of `importer.ts` does. */
export const read = ({ format, content }: Task) => readCases(format, content)
