import type { CanBus } from "../../../src/can/index.js";

/** A handle whose frames can be kept from the wire, as if a cable was cut in one direction. */
export interface MutedBus extends CanBus {
  muted: boolean;
}

export function muteable(bus: CanBus): MutedBus {
  const timestamp = { seconds: 0, nanoseconds: 0 };
  const own = {
    muted: false,
    trySend: (frame: Parameters<CanBus["trySend"]>[0]) => own.muted || bus.trySend(frame),
    send: (...args: Parameters<CanBus["send"]>) => (own.muted ? Promise.resolve() : bus.send(...args)),
    sendConfirmed: (...args: Parameters<CanBus["sendConfirmed"]>) =>
      own.muted ? Promise.resolve(timestamp) : bus.sendConfirmed(...args),
  };
  return new Proxy(own, {
    get: (target, key) => {
      if (key in target) return Reflect.get(target, key);
      const value: unknown = Reflect.get(bus, key);
      return typeof value === "function" ? value.bind(bus) : value;
    },
  }) as unknown as MutedBus;
}
