import { once } from "node:events";
import type { IvshmemDevice } from "../../src/uio/index.js";

/** The arguments of the next such event. */
export async function heard(
  device: IvshmemDevice,
  event: "interrupt" | "poll" | "state" | "close",
): Promise<unknown[]> {
  return await once(device.events as unknown as NodeJS.EventEmitter, event);
}

/** The arguments of all `state` events from here on, as they come. */
export function recordStates(device: IvshmemDevice): (readonly number[])[] {
  const events: (readonly number[])[] = [];
  device.events.on("state", (...event) => events.push(event));
  return events;
}
