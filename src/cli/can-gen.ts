import { setTimeout as pause } from "node:timers/promises";
import type { CanFrame, CanId } from "../can/index.js";
import { createRandom, type Random } from "../can/random.js";
import { openCanBus } from "./can-bus.js";
import { withInterruption } from "./interruption.js";

export interface GenFramesOptions {
  readonly gap?: number;
  readonly count?: number;
  readonly id?: string;
  readonly data?: string;
  readonly length?: string;
  readonly extended?: boolean;
  readonly remote?: boolean;
  readonly fd?: boolean;
  readonly bitRateSwitch?: boolean;
  readonly seed?: number;
  readonly json?: boolean;
}

const RANDOM = "r";
const INCREMENT = "i";

/** Sends made-up frames, until Ctrl-C or as many as are wanted; then prints how many. */
export async function runGenFrames(name: string, options: GenFramesOptions): Promise<void> {
  const make = await createMaker(options);
  const { gap = 200, count = Number.POSITIVE_INFINITY } = options;
  const bus = await openCanBus(name, { ownFrames: false });
  try {
    await withInterruption(async (signal) => {
      for (let number = 0; number < count; number++) {
        await bus.send(make(number), { signal });
        if (gap > 0 && number + 1 < count) await pause(gap, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    });
  } finally {
    const { sentFrames, congestions } = bus.statistics;
    bus.close();
    const report = { interface: name, sentFrames, congestions };
    if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
    else process.stderr.write(`${sentFrames} frames sent on ${name}, which had no room ${congestions} times\n`);
  }
}

/** Makes the frame of a number, as the options want it. */
async function createMaker(options: GenFramesOptions): Promise<(number: number) => CanFrame> {
  const { dataFrame, extendedId, fdFrame, remoteFrame, standardId, MAX_CLASSIC_LENGTH, MAX_FD_LENGTH } = await import(
    "../can/index.js"
  );
  const { extended = false, remote = false, bitRateSwitch = false, fd = bitRateSwitch } = options;
  if (remote && fd) throw new TypeError("CAN FD has no remote frames");
  const random = createRandom(options.seed ?? Math.floor(Math.random() * 2 ** 32));
  const toId = extended ? extendedId : standardId;
  const nextId = createIds(options.id ?? RANDOM, extended ? 29 : 11, random, toId);
  const most = fd ? MAX_FD_LENGTH : MAX_CLASSIC_LENGTH;
  const nextBytes = createBytes(options.data ?? RANDOM, options.length ?? RANDOM, most, random);
  return (number) => {
    const id = nextId(number);
    const bytes = nextBytes(number);
    if (remote) return remoteFrame(id, bytes.length);
    return fd ? fdFrame(id, bytes, { bitRateSwitch }) : dataFrame(id, bytes);
  };
}

function createIds(
  wanted: string,
  bits: number,
  random: Random,
  toId: (value: number) => CanId,
): (number: number) => CanId {
  if (wanted === RANDOM) return () => toId(Math.floor(random() * 2 ** bits));
  if (wanted === INCREMENT) return (number) => toId(number % 2 ** bits);
  if (!/^[0-9a-f]{1,8}$/i.test(wanted))
    throw new TypeError(`An id is hexadecimal, r or i, not ${JSON.stringify(wanted)}`);
  const id = toId(Number.parseInt(wanted, 16));
  return () => id;
}

function createBytes(data: string, length: string, most: number, random: Random): (number: number) => Uint8Array {
  if (data !== RANDOM && data !== INCREMENT) {
    if (!/^([0-9a-f]{2})*$/i.test(data))
      throw new TypeError(`Data is hexadecimal bytes, r or i, not ${JSON.stringify(data)}`);
    const bytes = Uint8Array.from(Buffer.from(data, "hex"));
    return () => bytes;
  }
  if (length !== RANDOM && length !== INCREMENT && !(/^\d{1,2}$/.test(length) && Number(length) <= most)) {
    throw new TypeError(`A length is a number up to ${most}, r or i, not ${JSON.stringify(length)}`);
  }
  const lengthOf = (number: number): number => {
    if (length === RANDOM) return Math.floor(random() * (most + 1));
    // A counter has all of its bytes.
    return length === INCREMENT ? number % (most + 1) : Number(length);
  };
  return (number) => {
    const bytes = new Uint8Array(lengthOf(number));
    return bytes.map((_, index) =>
      data === RANDOM ? Math.floor(random() * 256) : Math.floor(number / 256 ** index) & 0xff,
    );
  };
}
