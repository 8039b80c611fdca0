import { setTimeout as pause } from "node:timers/promises";
import { dataFrame, exactFilter, extendedId, openSocketCan, type SocketCanOptions } from "../../../src/can/index.js";
import type { BusStage } from "../../can/bus-stage.js";
import { ip, plug, removePlug, unplug } from "./interfaces.js";

/** Two ends, each an interface that is there already. */
export function openStage(ends: readonly [string, string], own: SocketCanOptions = {}): BusStage {
  const [first, second] = ends;
  let plugged = false;
  return {
    open: (end, options) => openSocketCan(ends[end], { ...own, ...options }),
    hold: () => {
      plugged = true;
      plug(first);
    },
    release: () => unplug(first),
    setUp: (up) => void ip(`link set ${first} ${up ? "up" : "down"}`),
    close: async () => {
      if (plugged) removePlug(first);
      if (first !== second) await drain(first, second);
    },
  };
}

/** Waits until nothing is on its way from one interface to the other. */
async function drain(first: string, second: string): Promise<void> {
  const last = dataFrame(extendedId(0x1fff_1234), [1, 2, 3]);
  const [sender, receiver] = [await openSocketCan(first), await openSocketCan(second)];
  let arrived = false;
  receiver.listen(
    () => {
      arrived = true;
    },
    { filters: [exactFilter(last.id)] },
  );
  while (!arrived) {
    await sender.sendConfirmed(last, { timeoutMs: 10_000 });
    await pause(20);
  }
  for (const bus of [sender, receiver]) bus.close();
}
