/** A text read as JSON, or what is wrong with it. */
export type Parsed = { value: unknown } | { problem: string }

/** Reads JSON. */
export function parseJson(text: string): Parsed {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}
