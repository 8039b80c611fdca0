const nowhere = new DataView(new ArrayBuffer(0));

/**
 * Places for data records of one size that a link has set aside for one sender, so that a message costs no walk
 * through the layers of the link. The sender writes a payload at {@link offset} of {@link view} and calls
 * {@link take}; the link commits what was taken when it takes the lease back, which it does by itself before it does
 * anything else with its ring, at the latest when it publishes.
 */
export class Lease {
  /** Where payloads are to be written. */
  view: DataView = nowhere;
  /** Where the next payload is to be written. */
  offset = 0;
  /** Places that are left; 0 without a lease. */
  left = 0;
  /** Records that were written and are not committed yet. */
  taken = 0;
  #stride = 0;

  /** The record at {@link offset} is complete. */
  take(): void {
    this.offset += this.#stride;
    this.taken++;
    this.left--;
  }

  /** Called by the link: gives `places` from `offset` of `view` on, `stride` bytes apart. */
  grant(view: DataView, offset: number, stride: number, places: number): void {
    this.view = view;
    this.offset = offset;
    this.#stride = stride;
    this.left = places;
    this.taken = 0;
  }

  /** Called by the link: ends the lease and gives the number of records to commit. */
  end(): number {
    const { taken } = this;
    this.left = 0;
    this.taken = 0;
    // A lease that ended keeps no memory of the link.
    this.view = nowhere;
    return taken;
  }
}
