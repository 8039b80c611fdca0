import { readdirSync, writeFileSync } from "node:fs";
import { configureCanInterface, deleteCanInterface, listCanInterfaces } from "../../../src/can/index.js";

/** The two controllers of the rig, which are on one bus. */
export const CONTROLLERS = ["can0", "can1"] as const;

/** txqueuelen of a controller at first (Linux, drivers/net/can/dev, can_setup). */
const TX_QUEUE_LENGTH = 10;

/**
 * Takes the controllers of the rig down and switches their modes off, as all files of the lane share them; deletes what the
 * kernel made. Bit rates stay, as the kernel cannot take them back.
 */
export function resetCanInterfaces(): void {
  for (const { name, kind, controller } of listCanInterfaces()) {
    if (kind === "can") {
      const modes = Object.fromEntries((controller?.modes ?? []).map((mode) => [mode, false]));
      // Some drivers cannot restart, and refuse even to be told so.
      const restartMs = controller?.restartMs === 0 ? undefined : 0;
      configureCanInterface(name, { up: false, modes, restartMs, txQueueLength: TX_QUEUE_LENGTH });
    } else if (listCanInterfaces().some((found) => found.name === name)) {
      // The other end of a pair may have gone with the first.
      deleteCanInterface(name);
    }
  }
}

/** Takes both controllers up. */
export function startControllers(): void {
  for (const name of CONTROLLERS) configureCanInterface(name, { bitRate: 1_000_000, up: true });
  serveByOneProcessor(CONTROLLERS);
}

/** Takes both controllers down. */
export function stopControllers(): void {
  for (const name of CONTROLLERS) configureCanInterface(name, { up: false });
}

/**
 * Has one processor serve the interrupts of controllers that are up. The emulated bus has no wire time and a controller holds
 * five frames, so that two processors of a busy machine would lose some: so one controller is read before the other may send
 * its next frame, and a node that hears of its frame as sent knows that it was read.
 */
export function serveByOneProcessor(names: readonly string[]): void {
  for (const irq of readdirSync("/proc/irq", { withFileTypes: true })) {
    // A folder there is named as the one that asked for the interrupt.
    if (!irq.isDirectory() || !readdirSync(`/proc/irq/${irq.name}`).some((each) => names.includes(each))) continue;
    writeFileSync(`/proc/irq/${irq.name}/smp_affinity_list`, "0");
  }
}
