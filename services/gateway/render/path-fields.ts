import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { camel, type HttpRoute } from '#contracts/contract.ts'
import { type Config, extension, typed } from './envoy.ts'

const NAME = 'path_fields'

/** The filter that refuses a body with a field that the path sets. Stands between the buffer and the transcoder. */
export const pathFieldsFilter = (): Config =>
  extension(NAME, 'extensions.filters.http.lua.v3.Lua', {
    default_source_code: { inline_string: readFileSync(join(import.meta.dirname, '../path-fields.lua'), 'utf8') },
  })

/** What a REST route says of the fields that its path sets, by both names that JSON may use: nothing where it has none, or no body. */
export function pathFieldsOf({ body, pathFields }: HttpRoute): Config {
  if (!body || pathFields.length === 0) return {}
  const names = [...new Set(pathFields.flatMap((name) => [camel(name), name]))]
  return { [NAME]: typed('extensions.filters.http.lua.v3.LuaPerRoute', { filter_context: { names } }) }
}
