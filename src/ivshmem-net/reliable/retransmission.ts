/** Before the first measurement, and never less nor more than; in milliseconds. A program's event loop has pauses. */
const FIRST_MS = 100;
const LEAST_MS = 20;
const MOST_MS = 1000;

/** How long to wait for an acknowledgement, measured and backed off as RFC 6298 has it. */
export class RetransmissionTimeout {
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #backoff = 1;

  get timeoutMs(): number {
    const measured = this.#smoothedMs === undefined ? FIRST_MS : this.#smoothedMs + 4 * this.#variationMs;
    return Math.min(MOST_MS, Math.max(LEAST_MS, measured) * this.#backoff);
  }

  /** A record that was sent once was acknowledged after this time (sections 2.2 and 2.3, with its alpha and beta). */
  measured(roundTripMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = roundTripMs;
      this.#variationMs = roundTripMs / 2;
      return;
    }
    this.#variationMs += (Math.abs(this.#smoothedMs - roundTripMs) - this.#variationMs) / 4;
    this.#smoothedMs += (roundTripMs - this.#smoothedMs) / 8;
  }

  /** It passed without an acknowledgement (section 5.5). */
  expired(): void {
    this.#backoff = Math.min(this.#backoff * 2, 64);
  }

  /** Something was acknowledged. */
  progressed(): void {
    this.#backoff = 1;
  }
}
