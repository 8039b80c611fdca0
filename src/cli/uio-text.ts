import { findMap, InterruptEvidence, type MapName, type UioDescription, type UioInterrupt } from "../uio/index.js";

/** A protocol as the PCI class has it. */
export function formatProtocol(protocol: number): string {
  return `0x${protocol.toString(16).padStart(4, "0")}`;
}

/** `0 of 3`, or that only the registers know. */
export function formatPeer({ id, maxPeers }: UioDescription): string {
  return id === undefined || maxPeers === undefined ? "unknown" : `${id} of ${maxPeers}`;
}

/** `INTx`, `MSI-X, 4 vectors`, or that nothing tells. */
export function formatInterrupt({ kind, vectors }: UioInterrupt): string {
  if (kind === "msix") return `MSI-X, ${vectors} ${vectors === 1 ? "vector" : "vectors"}`;
  return kind === "intx" ? "INTx" : "unknown";
}

const evidence: Readonly<Record<InterruptEvidence, string>> = {
  [InterruptEvidence.PCI_CONFIG]: "by the capabilities in PCI configuration space",
  [InterruptEvidence.PROC_INTERRUPTS]: "by /proc/interrupts",
  [InterruptEvidence.MSI_IRQS]: "by the entries of msi_irqs",
  [InterruptEvidence.NONE]: "as nothing that tells can be read; vector 0 is assumed",
};

/** What {@link formatInterrupt} rests on. */
export function formatEvidence(interrupt: UioInterrupt): string {
  return evidence[interrupt.evidence];
}

/** The size of a section in bytes, or `absent`. */
export function formatSection(device: UioDescription, name: MapName): string {
  const map = findMap(device, name);
  return map === undefined ? "absent" : `0x${map.sizeBytes.toString(16)}`;
}
