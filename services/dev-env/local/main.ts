import { listen } from '../chat/listen.ts'
import { loadLlama } from './llama.ts'
import { CONTEXT_TOKENS } from './request.ts'
import { createLocalServer } from './server.ts'

/** Responses that are generated at once: more would each be slower. */
const CHATS = 2

// `main.ts PORT FILE FOLDER MODEL`: with the node-llama-cpp of the folder.
const [port = '0', file = '', folder = '', model = ''] = process.argv.slice(2)
const llama = await loadLlama(folder, model, { chats: CHATS, contextTokens: CONTEXT_TOKENS })
listen(createLocalServer(llama), Number(port), file)
// What it has begun to compute would keep it alive.
process.once('SIGTERM', () => setImmediate(() => process.exit()))
