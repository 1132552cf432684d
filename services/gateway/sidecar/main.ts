import { loadConfig } from '#chassis/config.ts'
import { adminSocket, drain } from './admin.ts'
import { sidecarSchema } from './config.ts'
import { serveSidecar } from './serve.ts'

// Stands beside the gateway's Envoy in a pod. `drain` is for the pod's end; without an argument it serves health and metrics until
// SIGTERM.
const { folder, host, port } = loadConfig(sidecarSchema)
const socket = adminSocket(folder)
const [command] = process.argv.slice(2)
if (command === 'drain') await drain(socket)
else if (command !== undefined) throw new Error(`unknown command ${command}: use drain, or none`)
else {
  const sidecar = await serveSidecar(socket, { host, port })
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void sidecar.close())
}
