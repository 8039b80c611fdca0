/** Numbers of the channels of a node: one for each name, from 1, the same on all its links. */
export class ChannelNumbers {
  readonly #byName = new Map<string, { readonly number: number; users: number }>();
  #next = 1;

  take(name: string): number {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      known.users += 1;
      return known.number;
    }
    const taken = new Set([...this.#byName.values()].map(({ number }) => number));
    while (taken.has(this.#next)) {
      this.#next = (this.#next % 0xffff) + 1;
    }
    const number = this.#next;
    this.#next = (this.#next % 0xffff) + 1;
    this.#byName.set(name, { number, users: 1 });
    return number;
  }

  release(name: string): void {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      known.users -= 1;
      if (known.users === 0) {
        this.#byName.delete(name);
      }
    }
  }
}
