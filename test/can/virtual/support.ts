import {
  ALL_ERRORS,
  createManualClock,
  createVirtualBus,
  dataFrame,
  formatFrame,
  type LocalBusOptions,
  type ReceivedFrame,
  standardId,
  type VirtualCan,
  type VirtualHandleOptions,
} from "../../../src/can/index.js";

/** A data frame by its id and bytes. */
export const frame = (id: number, ...bytes: number[]) => dataFrame(standardId(id), bytes);

/** All that a handle hears from here on. */
export function hear(can: VirtualCan, own = false): ReceivedFrame[] {
  const heard: ReceivedFrame[] = [];
  can.listen((received) => heard.push(received), { own, errorMask: ALL_ERRORS });
  return heard;
}

export const texts = (heard: readonly ReceivedFrame[]) => heard.map(({ frame: each }) => formatFrame(each));

/** A bus whose time a test moves, with handles of nodes named by letters. */
export function makeBus(nodes: string, options: LocalBusOptions = {}, handle: VirtualHandleOptions = {}) {
  const clock = createManualClock({ seconds: 1000, nanoseconds: 0 });
  const bus = createVirtualBus({ clock, ...options });
  const cans = [...nodes].map((node) => bus.open({ node, ...handle }));
  return { clock, bus, cans: cans as [VirtualCan, VirtualCan, VirtualCan] };
}
