import { configureCanInterface, deleteCanInterface, listCanInterfaces } from "../../../src/can/index.js";

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
