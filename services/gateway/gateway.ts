import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contract } from '#contracts/contract.ts'
import { type Backend, exposedMethods, owners } from './exposed.ts'
import type { GatewayOptions } from './options.ts'
import { admin, adminCluster, adminListener } from './render/admin.ts'
import { serviceCluster } from './render/clusters.ts'
import type { Config } from './render/envoy.ts'
import { keysCluster, keysListener } from './render/keys.ts'
import { edgeListener } from './render/listener.ts'
import { overloadManager } from './render/overload.ts'
import { secretFiles } from './render/secrets.ts'
import { copySite } from './site.ts'

/** The bootstrap of an Envoy that is the gateway of this contract, before these services. It names files that `writeGateway` writes beside it. */
export function renderGateway(contract: Contract, services: readonly Backend[], options: GatewayOptions): Config {
  const methods = exposedMethods(contract, services)
  return {
    node: { id: 'gateway', cluster: 'promptforge' },
    admin: admin(options),
    layered_runtime: { layers: [{ name: 'static', static_layer: RUNTIME }] },
    overload_manager: overloadManager(options),
    static_resources: {
      listeners: [keysListener(methods, options), adminListener(options), edgeListener(methods, options)],
      clusters: [
        ...owners(methods).map((owner) => serviceCluster(owner, options)),
        keysCluster(options),
        adminCluster(options),
      ],
    },
  }
}

/** Writes the configuration into `options.folder`, and answers with the path that Envoy is to be started with. */
export function writeGateway(contract: Contract, services: readonly Backend[], options: GatewayOptions): string {
  const { folder } = options
  const files = { ...secretFiles(options), 'envoy.json': renderGateway(contract, services, options) }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  copySite(folder)
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`)
  }
  return join(folder, 'envoy.json')
}

// Regular expressions made of many paths are larger than the 100 instructions that Envoy takes otherwise. They stay linear.
const RUNTIME = { re2: { max_program_size: { error_level: 5000 } } }
