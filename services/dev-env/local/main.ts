import { listen } from '../infra/listen.ts'
import { loadLlama } from './llama.ts'
import { MAX_OUTPUT_TOKENS, MAX_PROMPT_TOKENS } from './request.ts'
import { createLocalServer } from './server.ts'

/** Responses that are generated at once. All together they are as fast as one. */
const CHATS = 2

/** The package moves a context before it is quite full. */
const SPARE_TOKENS = 64

// `main.ts PORT FILE FOLDER MODEL`: with the node-llama-cpp of the folder.
const [port = '0', file = '', folder = '', model = ''] = process.argv.slice(2)
const contextTokens = MAX_PROMPT_TOKENS + MAX_OUTPUT_TOKENS + SPARE_TOKENS
const llama = await loadLlama(folder, model, { chats: CHATS, contextTokens })
listen(createLocalServer(llama), Number(port), file)
// What it has begun to compute would keep it alive.
process.once('SIGTERM', () => setImmediate(() => process.exit()))
