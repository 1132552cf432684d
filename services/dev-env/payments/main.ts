import { listen } from '../infra/listen.ts'
import { loadProviderConfig } from './config.ts'
import { createPaymentServer } from './server.ts'

// `main.ts PORT FILE`; the rest is in the environment, because it has secrets.
const [port = '0', file = ''] = process.argv.slice(2)
listen(await createPaymentServer(loadProviderConfig()), Number(port), file)
