/** What ts-proto makes of a message: the parts that are used of any. */
export type MessageFns<T> = {
  encode(message: T): { finish(): Uint8Array }
  decode(input: Uint8Array): T
  fromJSON(json: any): T
  toJSON(message: T): unknown
}
