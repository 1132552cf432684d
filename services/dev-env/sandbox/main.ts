import { listen } from '../chat/listen.ts'
import { createSandbox } from './server.ts'

// `main.ts PORT FILE`
const [port = '0', file = ''] = process.argv.slice(2)
listen(createSandbox(), Number(port), file)
