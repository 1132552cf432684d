/** A type of PostgreSQL for a parameter of a statement, and what its values are here. */
export type ParamType<T> = {
  /** As SQL spells it: `uuid`, `text[]`. */
  type: string
  /** Phantom: what a value is. */
  readonly value?: T
}

/** The parameters of a statement by name. */
export type ParamSpec = Readonly<Record<string, ParamType<unknown>>>

/** What is passed for these parameters. */
export type ParamsOf<Spec extends ParamSpec> = {
  readonly [K in keyof Spec]: Spec[K] extends ParamType<infer T> ? T : never
}

/** What stands for these parameters in the text of a statement. */
export type SqlNames<Spec extends ParamSpec> = { readonly [K in keyof Spec]: string }

/** A lower-case UUID. */
export const uuid: ParamType<string> = { type: 'uuid' }

/** Text, also for `varchar`. */
export const text: ParamType<string> = { type: 'text' }

/** Text for a column `char(n)`: as `text` it would not be found by its index. */
export const bpchar: ParamType<string> = { type: 'bpchar' }

/** 32 bits. */
export const integer: ParamType<number> = { type: 'integer' }

/** 64 bits; text where it comes from a request, as an etag does. */
export const bigint: ParamType<bigint | number | string> = { type: 'bigint' }

/** The id of a transaction, which never comes again. */
export const xid8: ParamType<bigint> = { type: 'xid8' }

/** A double. */
export const float8: ParamType<number> = { type: 'float8' }

/** An exact decimal, as text. */
export const numeric: ParamType<string> = { type: 'numeric' }

/** True or false. */
export const boolean: ParamType<boolean> = { type: 'boolean' }

/** A moment; text in ISO 8601, or `infinity`. */
export const timestamptz: ParamType<Date | string> = { type: 'timestamptz' }

/** JSON as text. */
export const json: ParamType<string> = { type: 'json' }

/** JSON as text, stored in its binary form. */
export const jsonb: ParamType<string> = { type: 'jsonb' }

/** The text of a `tsvector`: terms with positions and weights. */
export const tsvector: ParamType<string> = { type: 'tsvector' }

/** The text of a `tsquery`. */
export const tsquery: ParamType<string> = { type: 'tsquery' }

/** Bytes. */
export const bytea: ParamType<Buffer> = { type: 'bytea' }

/** A parameter that may be null. */
export const nullable = <T>({ type }: ParamType<T>): ParamType<T | null> => ({ type })

/** An array. */
export const arrayOf = <T>({ type }: ParamType<T>): ParamType<readonly T[]> => ({ type: `${type}[]` })
