import { stripTypeScriptTypes } from 'node:module'

/** Jest's transform of TypeScript: as Node does it. */
export default { process: (source: string) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }) }
