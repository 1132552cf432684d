/** A whole number of units as a decimal text: 1,999 units with two `places` are `19.99`. It may be negative; `places` is at least 1. */
export function decimalText(units: bigint, places: number): string {
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`
}
