import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { type Config, extension, typed } from './envoy.ts'
import type { RestRoute } from './paths.ts'

const NAME = 'body_fields'

/** The filter that refuses a JSON body with a field that is unknown, twice there, or set by the path. Stands between the buffer and the transcoder. */
export const bodyFieldsFilter = (routes: RestRoute[]): Config =>
  extension(NAME, 'extensions.filters.http.lua.v3.Lua', {
    default_source_code: { inline_string: `${typesTable(routes)}\n${readFileSync(SCRIPT, 'utf8')}` },
  })

const SCRIPT = join(import.meta.dirname, '../body-fields.lua')

/** What a REST route says of its body and of the number in its path; nothing where it has neither. */
export function bodyFieldsOf(rest: RestRoute): Config {
  const context = { ...bodyContext(rest), ...numberContext(rest) }
  if (Object.keys(context).length === 0) return {}
  return { [NAME]: typed('extensions.filters.http.lua.v3.LuaPerRoute', { filter_context: context }) }
}

/** The message that a body fills: none where it is no JSON, and what its path sets only where it fills the whole request. */
function bodyContext(rest: RestRoute): Config {
  const message = bodyOf(rest)
  if (!message) return {}
  const { body, pathFields } = rest.route
  return { type: message.typeName, of_path: body === '*' ? pathFields : [] }
}

function bodyOf({ method: { input }, route: { body } }: RestRoute): DescMessage | undefined {
  if (body === '' || body === '*') return body === '*' ? input : undefined
  const { message } = input.fields.find(({ name }) => name === body) ?? {}
  return message?.typeName === 'google.api.HttpBody' ? undefined : message
}

/** A Lua pattern that finds the number in the path. Throws for a path with two. */
function numberContext({ method: { input }, route: { path, pathFields } }: RestRoute): Config {
  const [name, ...more] = pathFields.filter((field) => isInteger(input.fields.find(({ name }) => name === field)))
  if (name === undefined) return {}
  if (more.length > 0) throw new Error(`${path}: a path may have one number only`)
  const pattern = path
    .split(/(\{\w+\})/)
    .map((part) => (part === `{${name}}` ? '([^/:]+)' : part.startsWith('{') ? '[^/]+' : part.replaceAll(/\W/g, '%$&')))
    .join('')
  return { number: `^${pattern}/*$`, number_name: name }
}

const NO_INTEGERS = new Set([ScalarType.DOUBLE, ScalarType.FLOAT, ScalarType.BOOL, ScalarType.STRING, ScalarType.BYTES])

const isInteger = (field: DescField | undefined) => field?.fieldKind === 'scalar' && !NO_INTEGERS.has(field.scalar)

/** Every message that a body may hold, as a Lua table. */
function typesTable(routes: RestRoute[]): string {
  const types = new Map<string, string>()
  for (const message of routes.map(bodyOf)) if (message) addType(types, message)
  return `local TYPES = {\n${[...types].map(([name, type]) => `  ["${name}"] = ${type},`).join('\n')}\n}\n`
}

function addType(types: Map<string, string>, message: DescMessage): void {
  if (types.has(message.typeName)) return
  types.set(message.typeName, '')
  const fields = message.fields.flatMap((field) => {
    const type = typeOf(types, field)
    const of = type === undefined ? '' : `, of = "${type}"`
    const value = `{ key = "${field.name}", dot = ".${field.jsonName}"${of} }`
    return [...new Set([field.jsonName, field.name])].map((name) => `["${name}"] = ${value}`)
  })
  types.set(message.typeName, `{ fields = { ${fields.join(', ')} } }`)
}

/** The name of the type of a field's value; undefined where it may have any members, or has none. */
function typeOf(types: Map<string, string>, field: DescField): string | undefined {
  const { message } = field
  if (field.fieldKind !== 'map') return message && nameOf(types, message)
  const values = message && nameOf(types, message)
  const name = `${field.parent.typeName}.${field.name}`
  types.set(name, values === undefined ? '{}' : `{ values = "${values}" }`)
  return name
}

function nameOf(types: Map<string, string>, message: DescMessage): string | undefined {
  if (hasOwnJson(message)) return undefined
  addType(types, message)
  return message.typeName
}

/** JSON has its own form for a well-known type: a text, a number, or whatever one likes (Struct, Any). */
const hasOwnJson = ({ typeName }: DescMessage) =>
  typeName.startsWith('google.protobuf.') && typeName !== 'google.protobuf.Empty'
