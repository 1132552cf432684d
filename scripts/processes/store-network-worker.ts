import { parentPort, workerData } from 'node:worker_threads'
import { startTcpProxy } from '#chassis/testing/tcp-proxy.ts'

const proxy = await startTcpProxy(workerData as string)
parentPort!.on('message', (order: 'swallow' | 'restore') => proxy[order]())
parentPort!.postMessage(proxy.url)
