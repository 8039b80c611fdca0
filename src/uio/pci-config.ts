/** The MSI-X capability (PCI Local Bus Specification 3.0, section 6.8.2). */
export interface MsixCapability {
  /** Entries of the vector table, 1 to 2048. */
  readonly tableSize: number;
  readonly enabled: boolean;
}

/** What the configuration space says of the capabilities that matter here. */
export interface PciCapabilities {
  readonly msix: MsixCapability | undefined;
  /** False if the list goes on behind the bytes that could be read: without CAP_SYS_ADMIN those are the first 64. */
  readonly complete: boolean;
}

/** Offsets and ids of the PCI Local Bus Specification 3.0, sections 6.1 and 6.7 and appendix H. */
const STATUS = 0x06;
const STATUS_CAPABILITY_LIST = 0x10;
const CAPABILITY_POINTER = 0x34;
const CAPABILITY_MSIX = 0x11;
const FIRST_CAPABILITY = 0x40;

/** Most capabilities that fit the 192 bytes behind the header: a list that is longer runs in a circle. */
const MOST_CAPABILITIES = 48;

/** Walks the capability list of a PCI function. `config` is what `config` in sysfs gave, 64 bytes or more. */
export function parsePciCapabilities(config: Uint8Array): PciCapabilities {
  const nothing = { msix: undefined, complete: false };
  if (config.length < FIRST_CAPABILITY) return nothing;
  const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
  const listed = (view.getUint16(STATUS, true) & STATUS_CAPABILITY_LIST) !== 0;
  let at = listed ? view.getUint8(CAPABILITY_POINTER) & ~3 : 0;
  for (let walked = 0; at >= FIRST_CAPABILITY; walked++) {
    if (at + 4 > config.length || walked === MOST_CAPABILITIES) return nothing;
    if (view.getUint8(at) === CAPABILITY_MSIX) {
      const control = view.getUint16(at + 2, true);
      return { msix: { tableSize: (control & 0x7ff) + 1, enabled: (control & 0x8000) !== 0 }, complete: true };
    }
    at = view.getUint8(at + 1) & ~3;
  }
  return { msix: undefined, complete: true };
}
