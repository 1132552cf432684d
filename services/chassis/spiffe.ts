/** The SPIFFE id of a member of a mesh. */
export const spiffeId = (
  { trustDomain, namespace }: { trustDomain: string; namespace: string },
  member: string,
): string => `spiffe://${trustDomain}/ns/${namespace}/sa/${member}`
