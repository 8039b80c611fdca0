/** The mistake of naming an entry that the protocol of a channel does not have. */
export function noSuchEntry(kind: string, name: unknown, label: string, names: Iterable<string>): TypeError {
  const known = [...names].join(", ");
  const advice = known === "" ? "its protocol has none" : `there are ${known}`;
  return new TypeError(`There is no ${kind} ${JSON.stringify(name)} on ${label}: ${advice}`);
}
