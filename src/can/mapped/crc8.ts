/** A CRC of 8 bits, the most significant bit first. Polynomials are written without their highest term. */
export interface Crc8 {
  /** The register after `bytes`, from the register before them. Neither is inverted. */
  update(register: number, bytes: Uint8Array): number;
}

function createCrc8(polynomial: number): Crc8 {
  const table = Uint8Array.from({ length: 256 }, (_, byte) => {
    let register = byte;
    for (let bit = 0; bit < 8; bit++) register = (register << 1) ^ (register & 0x80 ? polynomial : 0);
    return register;
  });
  return {
    update: (register, bytes) => bytes.reduce((before, byte) => table[before ^ byte] as number, register),
  };
}

/** Polynomial 0x1D: SAE J1850, AUTOSAR E2E profile 1. */
export const crc8J1850: Crc8 = createCrc8(0x1d);

/** Polynomial 0x2F: AUTOSAR CRC8H2F, E2E profile 2. */
export const crc8H2f: Crc8 = createCrc8(0x2f);
