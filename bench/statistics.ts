/** The middle value, or the mean of the two in the middle. @throws RangeError without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError("The median of no values is asked for");
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/**
 * Runs each of the cases once, then all of them again, and so on: whatever changes in the machine meanwhile is shared
 * by the cases of one run. Gives the results of each case by run.
 */
export async function interleave<K extends string, R>(
  runs: number,
  cases: Readonly<Record<K, () => Promise<R>>>,
): Promise<Record<K, R[]>> {
  const names = Object.keys(cases) as K[];
  const results = Object.fromEntries(names.map((name) => [name, [] as R[]])) as Record<K, R[]>;
  for (let run = 0; run < runs; run += 1) {
    for (const name of names) results[name].push(await cases[name]());
  }
  return results;
}
