/**
 * Exchanges neighbours that came in the wrong order: a virtual interface hands on what two processors send by a queue of each of them
 * (netif_rx(), net/core/dev.c), so that a frame may overtake the one before it.
 */
export function restoreOrder(counters: number[], values: number): void {
  for (let index = 0; index + 1 < counters.length; index++) {
    const [first = 0, second = 0] = counters.slice(index, index + 2);
    if (first === (second + 1) % values) counters.splice(index, 2, second, first);
  }
}
