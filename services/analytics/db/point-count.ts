/** Events of one kind within one point of a series; `at` is its beginning, milliseconds since 1970. */
export type PointCount = { at: number; event_type: string; count: number }
