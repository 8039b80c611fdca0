/** Length of the time that a load is measured over: ten slots of 100 ms. */
const SLOTS = 10;
const SLOT_NS = 100_000_000;

/** How busy a wire is: the share of the last second in which bits were on it. */
export class BusLoad {
  readonly #busyNs = new Float64Array(SLOTS);
  /** Number of the newest slot since the beginning. */
  #newest = 0;
  #totalNs = 0;

  /** Busy time since the beginning, in nanoseconds. */
  get totalNs(): number {
    return this.#totalNs;
  }

  /** Takes in that the wire was busy from one moment to another; in the order of time. */
  add(fromNs: number, untilNs: number): void {
    this.#totalNs += untilNs - fromNs;
    for (let ns = fromNs; ns < untilNs; ) {
      const slot = Math.floor(ns / SLOT_NS);
      const end = Math.min(untilNs, (slot + 1) * SLOT_NS);
      this.#moveTo(slot);
      this.#busyNs[slot % SLOTS] = (this.#busyNs[slot % SLOTS] ?? 0) + (end - ns);
      ns = end;
    }
  }

  /** Load of the last second before `nowNs`, or of the time since 0 if that is shorter: 0 to 1. */
  at(nowNs: number): number {
    this.#moveTo(Math.floor(nowNs / SLOT_NS));
    const spanNs = Math.min(nowNs, (SLOTS - 1) * SLOT_NS + (nowNs % SLOT_NS));
    const busyNs = this.#busyNs.reduce((sum, each) => sum + each, 0);
    return spanNs <= 0 ? 0 : Math.min(1, busyNs / spanNs);
  }

  #moveTo(slot: number): void {
    if (slot - this.#newest >= SLOTS) this.#busyNs.fill(0);
    else for (let each = this.#newest + 1; each <= slot; each += 1) this.#busyNs[each % SLOTS] = 0;
    this.#newest = Math.max(this.#newest, slot);
  }
}
