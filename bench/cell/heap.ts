import { getHeapStatistics } from "node:v8";

/** Flags for a program that measures its heap: a young generation so large that collections are few. */
export const heapFlags = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"];

/** Slices in which the heap is looked at. */
const SLICES = 20;

/**
 * Watches by how many bytes the heap grows for each message. Slices in which it shrank are left out, as something was
 * collected in them.
 *
 * @param advance lets messages pass until their count has grown by `messages` or more.
 * @param count tells the messages so far.
 */
export async function watchHeap(
  messages: number,
  advance: (messages: number) => Promise<void>,
  count: () => number,
): Promise<number> {
  collectGarbage();
  let grownBytes = 0;
  let watched = 0;
  for (let slice = 0; slice < SLICES; slice += 1) {
    const bytesBefore = getHeapStatistics().used_heap_size;
    const countBefore = count();
    await advance(messages / SLICES);
    const bytes = getHeapStatistics().used_heap_size - bytesBefore;
    if (bytes >= 0) {
      grownBytes += bytes;
      watched += count() - countBefore;
    }
  }
  if (watched > 0) return grownBytes / watched;
  throw new Error("The heap was collected in each slice, so that nobody can tell how much was allocated");
}

/** @throws Error without the flag --expose-gc. */
export function collectGarbage(): void {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error("Start Node with --expose-gc to measure the heap");
  collect();
  collect();
}
