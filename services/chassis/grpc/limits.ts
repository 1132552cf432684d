/** A message's largest size, both ways, bytes. The gateway takes no larger request either. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024
