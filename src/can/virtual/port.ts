import type { CanFrame } from "../frame.js";
import { errorFrame } from "../frame.js";
import type { VirtualFaults } from "./faults.js";
import type { VirtualBusStatistics, VirtualMedium } from "./medium.js";
import type { StationSink, VirtualStation } from "./station.js";

/** What changes a bus, or the node of a handle. Plain data, as the bus may be in another process. */
export type BusCommand =
  | { readonly do: "bus-off" | "restart" | "statistics" }
  | { readonly do: "up"; readonly up: boolean }
  | { readonly do: "held"; readonly held: boolean }
  | { readonly do: "error"; readonly classes: number; readonly data: readonly number[] }
  | { readonly do: "faults"; readonly faults: VirtualFaults | null };

/** How a handle is told of its station, wherever the bus is. */
export interface PortSink extends StationSink {
  /** Frames for this handle were lost before the ones that come next: how many since the handle was opened. */
  dropped(total: number): void;
  /** The bus is gone; frames that wait are lost. `back` may follow. */
  removed(): void;
  /** The bus is there again, and empty. */
  back(): void;
  /** The bus cannot be had any more. */
  failed(error: unknown): void;
}

/** A handle's way to its station: in this process or through a socket. */
export interface VirtualPort {
  /** Frames that {@link send} takes right now; more after a `sent`. */
  readonly room: number;
  /** Takes a frame; there must be room. */
  send(frame: CanFrame): void;
  command(command: BusCommand): Promise<VirtualBusStatistics>;
  close(): void;
}

/** Carries a command out; gives the statistics after it. @throws TypeError or RangeError if a value in it is wrong. */
export function runCommand(medium: VirtualMedium, { node }: VirtualStation, command: BusCommand): VirtualBusStatistics {
  switch (command.do) {
    case "bus-off":
      medium.goBusOff(node);
      break;
    case "restart":
      medium.restart(node);
      break;
    case "up":
      medium.setUp(node, command.up);
      break;
    case "held":
      medium.setHeld(command.held);
      break;
    case "error":
      medium.injectError(errorFrame(command.classes, command.data));
      break;
    case "faults":
      medium.setFaults(command.faults ?? undefined);
      break;
    case "statistics":
      break;
  }
  return medium.statistics;
}
