import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The encoder of an entry of a map, up to where it returns. */
const ENCODER = /export const \w+Entry: MessageFns<\w+Entry> = \{\n  encode\([^]*?\n    return writer;\n/g

/** A field that is written unless it has its default. */
const UNLESS_DEFAULT =
  /    if \(message\.(?:key|value) !== (?!undefined)[^\n]+\) \{\n  (    writer\.[^\n]+;\n)    \}\n/g

/** A map's entry has these two fields and no others. */
const isOfMap = (encoder: string) => {
  const fields = new Set([...encoder.matchAll(/message\.(\w+)/g)].map(([, field]) => field))
  return fields.size === 2 && fields.has('key') && fields.has('value')
}

/**
 * Has the generated encoders write the key and the value of each entry of a map, also an empty text and zero, as other implementations of
 * Protocol Buffers do. ts-proto leaves these out, which the format allows, but Envoy's transcoder reads a value that is not there and ends
 * with a segmentation fault: a text that somebody left empty would stop the gateway.
 */
export function writeWholeMapEntries(folder: string): void {
  for (const file of globSync('**/*.ts', { cwd: folder })) {
    const path = join(folder, file)
    const code = readFileSync(path, 'utf8')
    const whole = code.replace(ENCODER, (encoder) =>
      isOfMap(encoder) ? encoder.replace(UNLESS_DEFAULT, '$1') : encoder,
    )
    if (whole !== code) writeFileSync(path, whole)
  }
}
