import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeInterrupt, parseInterrupts } from "../../src/uio/interrupt.js";
import { configWith } from "./pci-config.js";
import { Tree } from "./tree.js";

const NAME = "uio_ivshmem[0001:00:00.0]";

function interruptsOf(...lines: readonly string[]): string {
  return [
    "           CPU0       CPU1       ",
    ...lines,
    "IPI0:    7    21       Rescheduling interrupts",
    "Err:   0",
  ].join("\n");
}

describe("parseInterrupts()", () => {
  test("parseInterrupts() reads numbers, sources and actions of arm64 and x86", () => {
    const text = interruptsOf(
      ` 19:          0          3     GICv3 128 Edge      ${NAME}`,
      " 24:          0          0  PCI-MSIX-0000:00:05.0   1-edge      virtio2-input.0",
      " 31:         12          0   ITS-MSI 524288 Edge      a, b",
    );
    expect(parseInterrupts(text)).toEqual([
      { number: 19, source: "GICv3 128 Edge", actions: [NAME] },
      { number: 24, source: "PCI-MSIX-0000:00:05.0 1-edge", actions: ["virtio2-input.0"] },
      { number: 31, source: "ITS-MSI 524288 Edge", actions: ["a", "b"] },
    ]);
  });

  test("parseInterrupts() gives nothing when there is no text", () => {
    expect(parseInterrupts("")).toEqual([]);
  });
});

describe("describeInterrupt()", () => {
  let tree: Tree;
  let folder: string;

  beforeEach(() => {
    tree = new Tree();
    folder = tree.addFunction("0001:00:00.0", 0, "uio_ivshmem");
  });
  afterEach(() => tree[Symbol.dispose]());

  const describeIt = () => describeInterrupt(tree.path(folder), tree.roots.procRoot, NAME);
  const intxLine = ` 19:          0          3     GICv3 128 Edge      ${NAME}`;
  const msixLines = [0, 1].map((at) => ` ${30 + at}:   0    0   ITS-MSI 5242${at} Edge      ${NAME}`);

  test("describeInterrupt() knows nothing when nothing can be read", () => {
    expect(describeIt()).toEqual({ kind: "unknown", vectors: 1, evidence: "none", numbers: [] });
  });

  test("describeInterrupt() does not take an empty msi_irqs for MSI-X", () => {
    tree.directory(`${folder}/msi_irqs`);
    expect(describeIt().kind).toBe("unknown");
    tree.file("/proc/interrupts", interruptsOf(intxLine));
    expect(describeIt()).toEqual({ kind: "intx", vectors: 1, evidence: "proc-interrupts", numbers: [19] });
  });

  test("describeInterrupt() counts the entries of msi_irqs when there is nothing better", () => {
    for (const number of [30, 31]) tree.file(`${folder}/msi_irqs/${number}`, "msix\n");
    expect(describeIt()).toEqual({ kind: "msix", vectors: 2, evidence: "msi-irqs", numbers: [] });
  });

  test("describeInterrupt() counts the driver's message interrupts when the configuration ends with its header", () => {
    tree.file(`${folder}/config`, configWith([0x11], { msixControl: 7 }).subarray(0, 64));
    tree.file("/proc/interrupts", interruptsOf(...msixLines));
    expect(describeIt()).toEqual({ kind: "msix", vectors: 2, evidence: "proc-interrupts", numbers: [30, 31] });
  });

  test("describeInterrupt() takes one message interrupt for MSI-X", () => {
    tree.file("/proc/interrupts", interruptsOf(...msixLines.slice(0, 1)));
    expect(describeIt()).toMatchObject({ kind: "msix", vectors: 1 });
  });

  test("describeInterrupt() believes the capabilities before all else", () => {
    tree.file(`${folder}/config`, configWith([0x09, 0x11], { msixControl: 0x8003 }));
    tree.file("/proc/interrupts", interruptsOf(intxLine));
    expect(describeIt()).toEqual({ kind: "msix", vectors: 4, evidence: "pci-config", numbers: [19] });
    tree.file(`${folder}/config`, configWith([0x09]));
    tree.file(`${folder}/msi_irqs/30`, "msix\n");
    expect(describeIt()).toEqual({ kind: "intx", vectors: 1, evidence: "pci-config", numbers: [19] });
  });

  test("describeInterrupt() gives no more vectors than ivshmem has", () => {
    tree.file(`${folder}/config`, configWith([0x11], { msixControl: 0x7ff }));
    expect(describeIt().vectors).toBe(16);
  });

  test("describeInterrupt() leaves out the interrupts of other devices", () => {
    tree.file("/proc/interrupts", interruptsOf(intxLine.replace("0001:00:00.0", "0001:00:02.0")));
    expect(describeIt().kind).toBe("unknown");
  });
});
