import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MAX_VECTORS } from "./device.js";
import { parsePciCapabilities } from "./pci-config.js";
import { readAttribute, readNames } from "./sysfs.js";

/** What a statement about the interrupt rests on, the most trustworthy first. */
export const InterruptEvidence = {
  /** The capability list of the PCI function. */
  PCI_CONFIG: "pci-config",
  /** The driver's interrupts in /proc/interrupts. */
  PROC_INTERRUPTS: "proc-interrupts",
  /** Entries of `msi_irqs`. The folder alone says nothing: it is there for a device with INTx too, and empty. */
  MSI_IRQS: "msi-irqs",
  /** Nothing could be read. */
  NONE: "none",
} as const;

export type InterruptEvidence = (typeof InterruptEvidence)[keyof typeof InterruptEvidence];

/** How a device interrupts this cell. */
export interface UioInterrupt {
  readonly kind: "intx" | "msix" | "unknown";
  /** Number of doorbell vectors, 1 to {@link MAX_VECTORS}; 1 with INTx or if unknown, as vector 0 is always there. */
  readonly vectors: number;
  readonly evidence: InterruptEvidence;
  /** Numbers of the interrupts that the driver asked for, as far as /proc/interrupts tells. */
  readonly numbers: readonly number[];
}

/** One interrupt of /proc/interrupts that has a number. */
export interface InterruptLine {
  readonly number: number;
  /** Names of the controller and of the line in it, such as `GICv3 128 Edge` or `PCI-MSIX-0000:00:05.0 0-edge`. */
  readonly source: string;
  /** Who asked for it. */
  readonly actions: readonly string[];
}

/** Reads /proc/interrupts. Lines of interrupts without number, such as `IPI0:`, are left out. */
export function parseInterrupts(text: string): readonly InterruptLine[] {
  const [header = "", ...lines] = text.split("\n");
  const columns = header.trim() === "" ? 0 : header.trim().split(/\s+/).length;
  const pattern = new RegExp(`^\\s*(\\d+):(?:\\s+\\d+){${columns}}\\s+(\\S.*)$`);
  return lines.flatMap((line) => {
    const [, number, rest] = pattern.exec(line) ?? [];
    if (number === undefined || rest === undefined) return [];
    // The action stands behind two spaces or more (kernel/irq/proc.c); those who share a line are parted by commas.
    const [, source = rest, actions = ""] = /^(.*\S)\s{2,}(\S.*)$/.exec(rest) ?? [];
    return [{ number: Number(number), source: source.replace(/\s+/g, " "), actions: actions.trim().split(/,\s*/) }];
  });
}

/**
 * Decides between INTx and MSI-X.
 *
 * @param pciDirectory - The folder of the PCI function in sysfs.
 * @param owner - The name the driver gives its interrupts, which is that of the UIO device.
 */
export function describeInterrupt(pciDirectory: string, procRoot: string, owner: string): UioInterrupt {
  const lines = parseInterrupts(readAttribute(join(procRoot, "interrupts")) ?? "").filter(({ actions }) =>
    actions.some((action) => action === owner || action.startsWith(`${owner}-`)),
  );
  const numbers = lines.map(({ number }) => number);
  const { msix, complete } = parsePciCapabilities(readConfig(pciDirectory));
  if (msix !== undefined) return msixWith(msix.tableSize, InterruptEvidence.PCI_CONFIG, numbers);
  if (complete) return { kind: "intx", vectors: 1, evidence: InterruptEvidence.PCI_CONFIG, numbers };
  if (lines.length > 1 || lines.some(({ source }) => /MSI/i.test(source))) {
    return msixWith(lines.length, InterruptEvidence.PROC_INTERRUPTS, numbers);
  }
  if (lines.length === 1) return { kind: "intx", vectors: 1, evidence: InterruptEvidence.PROC_INTERRUPTS, numbers };
  const entries = readNames(join(pciDirectory, "msi_irqs"));
  if (entries.length > 0) return msixWith(entries.length, InterruptEvidence.MSI_IRQS, numbers);
  return { kind: "unknown", vectors: 1, evidence: InterruptEvidence.NONE, numbers };
}

function msixWith(vectors: number, evidence: InterruptEvidence, numbers: readonly number[]): UioInterrupt {
  return { kind: "msix", vectors: Math.min(vectors, MAX_VECTORS), evidence, numbers };
}

function readConfig(pciDirectory: string): Uint8Array {
  try {
    return readFileSync(join(pciDirectory, "config"));
  } catch {
    return new Uint8Array(0);
  }
}
