/** 256 bytes of PCI configuration space with capabilities of these ids in a row, 32 bytes each. */
export function configWith(
  ids: readonly number[],
  { msixControl = 0 }: { readonly msixControl?: number } = {},
): Uint8Array {
  const config = new Uint8Array(256);
  const view = new DataView(config.buffer);
  view.setUint16(0, 0x110a, true);
  view.setUint16(2, 0x4106, true);
  if (ids.length > 0) {
    view.setUint16(6, 0x10, true);
    config[0x34] = 0x40;
  }
  ids.forEach((id, index) => {
    const at = 0x40 + index * 0x20;
    config[at] = id;
    config[at + 1] = index + 1 < ids.length ? at + 0x20 : 0;
    if (id === 0x11) view.setUint16(at + 2, msixControl, true);
  });
  return config;
}
