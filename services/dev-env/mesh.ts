/** The names of this machine's mesh. */
export const MESH = { trustDomain: 'promptforge.local', namespace: 'promptforge' }
