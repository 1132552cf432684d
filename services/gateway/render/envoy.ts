/** A piece of an Envoy configuration, as plain data. */
export type Config = { [key: string]: unknown }

/** A message of Envoy whose type its place does not say; `type` is what follows `envoy.` in the type's full name. */
export const typed = (type: string, config: Config = {}): Config => ({
  '@type': `type.googleapis.com/envoy.${type}`,
  ...config,
})

/** An extension of Envoy under the name that Envoy knows it by. */
export const extension = (name: string, type: string, config: Config = {}): Config => ({
  name,
  typed_config: typed(type, config),
})

/** An HTTP filter: `type` is that of its configuration, after `envoy.extensions.filters.http.`. */
export const httpFilter = (name: string, type: string, config: Config = {}): Config =>
  extension(`envoy.filters.http.${name}`, `extensions.filters.http.${type}`, config)

/** The network filter that speaks HTTP: what a listener for HTTP has. */
export const httpManager = (config: Config): Config =>
  extension(
    'envoy.filters.network.http_connection_manager',
    'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    config,
  )

/** A duration as Envoy spells it. */
export const seconds = (value: number) => `${value}s`
