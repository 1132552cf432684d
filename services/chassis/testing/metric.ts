/** Reads a metric of a service from its `/metrics`: the sum over its labels, or over those that `name` ends with (`x{a="1"`). */
export async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(url)).text()
  const isOf = (line: string) => line.startsWith(name) && (name.includes('{') || /^[ {]/.test(line.slice(name.length)))
  return text
    .split('\n')
    .filter(isOf)
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
