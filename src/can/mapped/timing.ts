import { ErrorCode, IntercellError, isIntercellError } from "../../errors.js";
import { MAX_CYCLE_FRAMES } from "../broadcast/broadcast.js";
import { shareBroadcasts } from "../broadcast/shared.js";
import type { CanBus } from "../bus.js";
import { formatId } from "../id.js";
import { isSocketCan, type SocketCanBus } from "../socket-can.js";
import { BroadcastCycle } from "./broadcast-cycle.js";
import type { CheckedMessage } from "./message.js";
import type { CycleTiming, MappedSenderOptions } from "./options.js";

/** Who keeps the cycle of a message, and why. */
export interface TimingChoice<T> {
  /** Undefined if the message is not cyclic. */
  readonly timing: CycleTiming | undefined;
  /** What kept the kernel from it. */
  readonly fault: IntercellError | undefined;
  /** The cycle, if the kernel keeps it. */
  readonly cycle: BroadcastCycle<T> | undefined;
}

/**
 * Decides who keeps the cycle of a message.
 *
 * @throws TypeError if the option is wrong or does not go with another; IntercellError if it says the kernel and that cannot.
 */
export function chooseTiming<T>(
  bus: CanBus,
  message: CheckedMessage<T>,
  options: MappedSenderOptions,
): TimingChoice<T> {
  const { timing: wanted, clock } = options;
  requireTiming(wanted, message, clock !== undefined);
  if (!message.mode.startsWith("cyclic")) return { timing: undefined, fault: undefined, cycle: undefined };
  const byTimers = { timing: "process", cycle: undefined } as const;
  const eligible = wanted === "kernel" || (isSocketCan(bus) && clock === undefined);
  if (wanted === "process" || !eligible) return { ...byTimers, fault: undefined };
  try {
    const kernelBus = requireKernelCycle(bus, message);
    return {
      timing: "kernel",
      fault: undefined,
      cycle: new BroadcastCycle(bus, message, () => shareBroadcasts(kernelBus)),
    };
  } catch (error) {
    // A bus that is closed is no fault of the kernel.
    if (wanted === "kernel" || !isIntercellError(error) || error.code === ErrorCode.CLOSED) throw error;
    return { ...byTimers, fault: error };
  }
}

function requireTiming<T>(timing: string | undefined, { mode }: CheckedMessage<T>, clocked: boolean): void {
  if (timing !== undefined && timing !== "kernel" && timing !== "process") {
    throw new TypeError(`The option timing is "kernel" or "process", not ${JSON.stringify(timing)}`);
  }
  if (timing !== "kernel") return;
  if (clocked) throw new TypeError(`The kernel has its own clock: leave out clock, or the option timing`);
  if (!mode.startsWith("cyclic"))
    throw new TypeError(`A message of mode ${mode} has no cycle that the kernel could keep`);
}

/** @throws IntercellError `ERR_UNSUPPORTED` if the kernel cannot keep such a cycle. */
function requireKernelCycle<T>(bus: CanBus, message: CheckedMessage<T>): SocketCanBus {
  const values = message.protection?.counterValues ?? 0;
  const cannot = `The kernel cannot keep the cycle of ${formatId(message.id)} on ${bus.name}`;
  if (!isSocketCan(bus)) {
    const found = `${cannot}, which is no interface of it: leave out timing`;
    throw new IntercellError(ErrorCode.UNSUPPORTED, found);
  }
  if (values <= MAX_CYCLE_FRAMES) return bus;
  const found = `${cannot} as its counter has ${values} values, and a cycle of the kernel ${MAX_CYCLE_FRAMES} frames at most`;
  throw new IntercellError(ErrorCode.UNSUPPORTED, `${found}: leave out timing`);
}
