import { machine } from "node:os";
import type { SocketCanBus } from "../socket-can.js";
import type { BroadcastManager } from "./broadcast.js";
import { kernelLongBits, openKernelBroadcast } from "./manager.js";

/** A share in the broadcast manager of an interface. */
export interface SharedBroadcasts extends Disposable {
  readonly manager: BroadcastManager;
  /** Gives it back; the last one closes the manager. Idempotent. */
  close(): void;
}

interface Entry {
  readonly manager: BroadcastManager;
  shares: number;
}

const entries = new WeakMap<SocketCanBus, Entry>();

/**
 * The one broadcast manager of the kernel that all cycles of a bus handle share, so that they take one socket.
 *
 * @throws as {@link openBroadcastManager} rejects.
 */
export function shareBroadcasts(bus: SocketCanBus): SharedBroadcasts {
  const entry = entries.get(bus) ?? open(bus);
  entry.shares++;
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    entry.shares--;
    if (entry.shares === 0) entry.manager.close();
  };
  return { manager: entry.manager, close, [Symbol.dispose]: close };
}

function open(bus: SocketCanBus): Entry {
  const entry = { manager: openKernelBroadcast(bus.name, kernelLongBits(machine())), shares: 0 };
  entries.set(bus, entry);
  // Also when its interface is removed: whoever asks then gets another one.
  entry.manager.events.on("close", () => {
    if (entries.get(bus) === entry) entries.delete(bus);
  });
  return entry;
}
