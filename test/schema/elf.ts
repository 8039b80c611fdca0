/**
 * The section of a little-endian ELF object file, 32 or 64 bits, that has this name
 * (System V ABI, "ELF Header" and "Section Header").
 */
export function readSections(file: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const wide = view.getUint8(4) === 2;
  const word = (at: number): number => (wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  const tableAt = wide ? word(0x28) : word(0x20);
  const entrySize = view.getUint16(wide ? 0x3a : 0x2e, true);
  const count = view.getUint16(wide ? 0x3c : 0x30, true);
  const namesIndex = view.getUint16(wide ? 0x3e : 0x32, true);
  const place = (index: number): readonly [at: number, size: number] => {
    const header = tableAt + index * entrySize;
    return [word(header + (wide ? 0x18 : 0x10)), word(header + (wide ? 0x20 : 0x14))];
  };
  const [namesAt] = place(namesIndex);
  const sections = new Map<string, Uint8Array>();
  for (let index = 1; index < count; index++) {
    const nameAt = namesAt + view.getUint32(tableAt + index * entrySize, true);
    const name = Buffer.from(file.subarray(nameAt, file.indexOf(0, nameAt))).toString("latin1");
    const [at, size] = place(index);
    sections.set(name, file.subarray(at, at + size));
  }
  return sections;
}
