import { required, type Schema } from '#chassis/config.ts'
import { mongoUrl, postgresUrl } from '#chassis/url-formats.ts'

/** Which stores are recounted: a URL for each service, by its name, and the name of the database at MongoDB. */
export type RecountConfig = { stores: Record<string, string>; mongoDatabase: string }

/** The configuration of `recount`, for these services. */
export const recountSchema = (
  services: readonly { name: string; definition: { store: { kind: 'postgres' | 'mongo' } } }[],
): Schema<RecountConfig> => ({
  stores: Object.fromEntries(
    services.map(({ name, definition }) => [
      name,
      {
        doc: `URL of the database of the ${name} service, which is only read.`,
        format: definition.store.kind === 'mongo' ? mongoUrl : postgresUrl,
        default: '',
        env: `PF_${name.toUpperCase()}_STORE`,
        sensitive: true,
      },
    ]),
  ),
  mongoDatabase: {
    doc: 'Name of the database at MongoDB.',
    format: required,
    default: 'promptforge',
    env: 'PF_MONGO_DATABASE',
  },
})
