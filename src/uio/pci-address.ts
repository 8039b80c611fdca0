/** Where a PCI function sits. */
export interface PciAddress {
  /** 32 bits: the kernel shows a domain of -1, which Jailhouse's virtual host bridge can get, as `ffffffff`. */
  readonly domain: number;
  /** 0 to 0xff. */
  readonly bus: number;
  /** 0 to 0x1f. */
  readonly device: number;
  /** 0 to 7. */
  readonly function: number;
}

const pattern = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([01]?[0-9a-f])\.([0-7])$/i;

/** Whether {@link parsePciAddress} accepts `text`. */
export function isPciAddress(text: string): boolean {
  return pattern.test(text);
}

/**
 * Reads an address as the kernel, `lspci` and people write it: `0001:00:00.0`, `ffffffff:00:01.0`, or `00:01.0`, whose
 * domain is 0.
 *
 * @throws TypeError if it is none.
 */
export function parsePciAddress(text: string): PciAddress {
  const found = pattern.exec(text);
  if (found === null) {
    throw new TypeError(`A PCI address is written like 0001:00:00.0 or ffffffff:00:00.0, not ${JSON.stringify(text)}`);
  }
  const [, domain = "0", bus = "", device = "", func = ""] = found;
  const [domainNumber = 0, busNumber = 0, deviceNumber = 0] = [domain, bus, device].map((digits) =>
    Number.parseInt(digits, 16),
  );
  return { domain: domainNumber, bus: busNumber, device: deviceNumber, function: Number(func) };
}

/**
 * The address in the kernel's form (`pci_name()`, drivers/pci): a domain of four digits or more, bus and device of two.
 *
 * @throws RangeError if a part is out of range.
 */
export function formatPciAddress(address: PciAddress): string {
  const part = (name: keyof PciAddress, most: number, digits: number) => {
    const value = address[name];
    if (Number.isInteger(value) && value >= 0 && value <= most) return value.toString(16).padStart(digits, "0");
    throw new RangeError(`The ${name} of a PCI address is 0 to 0x${most.toString(16)}, not ${value}`);
  };
  const [domain, bus, device] = [part("domain", 0xffffffff, 4), part("bus", 0xff, 2), part("device", 0x1f, 2)];
  return `${domain}:${bus}:${device}.${part("function", 7, 1)}`;
}
