/** A piece of an OpenAPI document, as plain data. */
export type Json = { [key: string]: unknown }

/** Members that are not undefined. */
export const present = (json: Json): Json =>
  Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined))

/** Texts as sentences one after another. */
export const joined = (...texts: (string | undefined | false)[]): string => texts.filter(Boolean).join('\n\n')
