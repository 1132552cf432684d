/** No page is longer. It stands in the text, for with a parameter as the limit the planner assumes a tenth of the table. */
export const MAX_ROWS = 101

/** Behind every id. */
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
