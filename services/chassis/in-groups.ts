type Waiting<Item, Answer> = { item: Item } & Pick<PromiseWithResolvers<Answer>, 'resolve' | 'reject'>

/**
 * Makes a function that does something for one item, together with those that are asked for in the same turn of the event loop, or while the
 * group before is worked on: under load one statement and one commit serve many. `work` answers for each item, in their order, of which there
 * are at most `most`. When it fails for a group it is tried for each item alone, so that one that is at fault spoils no other: trying again
 * must do no harm.
 */
export function inGroups<Item, Answer>(
  most: number,
  work: (items: readonly Item[]) => Promise<readonly Answer[]>,
): (item: Item) => Promise<Answer> {
  const waiting: Waiting<Item, Answer>[] = []
  let isWorking = false

  const workOn = async (group: readonly Waiting<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await work(group.map(({ item }) => item))
      for (const [index, { resolve }] of group.entries()) resolve(answers[index]!)
    } catch (error) {
      if (group.length === 1) group[0]!.reject(error)
      else await Promise.all(group.map((one) => workOn([one])))
    }
  }
  const workOnAll = async () => {
    isWorking = true
    await Promise.resolve()
    while (waiting.length > 0) await workOn(waiting.splice(0, most))
    isWorking = false
  }
  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    waiting.push({ item, resolve, reject })
    if (!isWorking) void workOnAll()
    return promise
  }
}
