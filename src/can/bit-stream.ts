/** Equal bits in a row after which the sender puts in one of the other kind (ISO 11898-1, bit stuffing). */
const STUFF_AFTER = 5;

/** The bits of a frame as they are sent, first bit first. Grows by what is appended. */
export class BitStream {
  readonly #bits: number[] = [];

  get length(): number {
    return this.#bits.length;
  }

  /** Appends the lowest `count` bits of `value`, most significant first. */
  append(value: number, count: number): this {
    for (let shift = count - 1; shift >= 0; shift--) this.#bits.push((value >>> shift) & 1);
    return this;
  }

  appendBytes(bytes: Uint8Array): this {
    for (const byte of bytes) this.append(byte, 8);
    return this;
  }

  /**
   * The CRC of classic CAN: 15 bits, polynomial x^15 + x^14 + x^10 + x^8 + x^7 + x^4 + x^3 + 1, begun with 0
   * (ISO 11898-1; Bosch CAN specification 2.0, 3.1.1).
   */
  crc15(): number {
    let crc = 0;
    for (const bit of this.#bits) {
      const feedback = bit ^ (crc >>> 14);
      crc = (crc << 1) & 0x7fff;
      if (feedback !== 0) crc ^= 0x4599;
    }
    return crc;
  }

  /**
   * The positions after which a stuff bit goes in: index of the last of five equal bits, where stuff bits count as bits.
   *
   * @param atEnd whether five equal bits at the very end get one too.
   */
  stuffPositions(atEnd: boolean): number[] {
    const positions: number[] = [];
    let previous = -1;
    let run = 0;
    this.#bits.forEach((bit, index) => {
      run = bit === previous ? run + 1 : 1;
      previous = bit;
      if (run < STUFF_AFTER) return;
      // Five equal bits that are the last ones are followed by a bit that is not stuffed away.
      if (index === this.#bits.length - 1 && !atEnd) return;
      positions.push(index);
      previous = 1 - bit;
      run = 1;
    });
    return positions;
  }
}
