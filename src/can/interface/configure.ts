import { constants } from "node:os";
import { ErrorCode, IntercellError, requireKnownKeys } from "../../errors.js";
import { type Attribute, u32Attribute, u32Bytes } from "../../netlink/attribute.js";
import type { NetworkLink } from "../../netlink/link.js";
import { changeAdvice, setKindData, setLink } from "../../netlink/set-link.js";
import { encodeBitTiming } from "./bit-timing.js";
import { requirePositive, requireSamplePoint } from "./calculate-bit-timing.js";
import { ControllerAttribute } from "./controller.js";
import { type CanMode, encodeModes } from "./controller-mode.js";
import { requireCanLink } from "./interface.js";

/**
 * What a CAN interface can be set to; what is not given stays as it is. All but `up`, `txQueueLength` and `terminationOhm` takes
 * an interface that is down.
 */
export interface CanSettings {
  /** False takes it down before, true takes it up after all else is set. */
  readonly up?: boolean | undefined;
  /** Bits per second. */
  readonly bitRate?: number | undefined;
  /** Part of a bit's time, such as 0.875. @defaultValue the one that CiA recommends for the bit rate */
  readonly samplePoint?: number | undefined;
  /** Quanta (sjw). @defaultValue the kernel's choice */
  readonly jumpWidth?: number | undefined;
  /** Bits per second of the fast part of CAN FD frames, with sample point and jump width of their own. */
  readonly dataBitRate?: number | undefined;
  readonly dataSamplePoint?: number | undefined;
  readonly dataJumpWidth?: number | undefined;
  /** CAN FD on or off. A controller needs `dataBitRate` to switch it on; a virtual interface just takes larger frames then. */
  readonly fd?: boolean | undefined;
  /** Other controller modes to switch on or off. */
  readonly modes?: Readonly<Partial<Record<CanMode, boolean | undefined>>> | undefined;
  /** Milliseconds from bus-off to the restart; 0 for none by itself. */
  readonly restartMs?: number | undefined;
  /** Ohm, one of the controller's `terminationsOhm`; 0 to switch it off. */
  readonly terminationOhm?: number | undefined;
  /** Frames that may wait in the kernel to be sent; a controller's 10 by default are soon full. */
  readonly txQueueLength?: number | undefined;
}

const TIMING_KEYS = ["bitRate", "samplePoint", "jumpWidth", "dataBitRate", "dataSamplePoint", "dataJumpWidth"];
const CONTROLLER_KEYS = [...TIMING_KEYS, "modes", "restartMs", "terminationOhm"];
const KEYS = [...CONTROLLER_KEYS, "up", "fd", "txQueueLength"];

/** Bytes of struct can_frame and struct canfd_frame (linux/can.h). */
const CLASSIC_MTU = 16;
const FD_MTU = 72;

const advice = {
  ...changeAdvice,
  [constants.errno.EDOM]: "The controller cannot come near this bit rate: try another, or another sample point.",
  [constants.errno.EOPNOTSUPP]: "The controller cannot do this: its supportedModes tell what it can.",
  [constants.errno.ERANGE]: "The controller's registers cannot hold this bit timing.",
};

/**
 * Sets up a CAN interface. Needs CAP_NET_ADMIN.
 *
 * @param name - Its name or index.
 * @throws TypeError or RangeError for settings that make no sense.
 * @throws IntercellError `ERR_NOT_FOUND`, `ERR_UNSUPPORTED` for a controller's setting on an interface without one, `EBUSY` if it
 * is up, or what else the kernel says.
 */
export function configureCanInterface(name: string | number, settings: CanSettings): void {
  requireKnownKeys("configureCanInterface", settings, KEYS);
  const { up, txQueueLength, fd } = settings;
  const attributes = encodeSettings(settings);
  const link = requireCanLink(name);
  if (link.kind !== "can") requireVirtualSettings(link, settings);
  if (up === false) setLink(link.index, { up });
  if (link.kind !== "can" && fd !== undefined) setLink(link.index, { mtu: fd ? FD_MTU : CLASSIC_MTU });
  if (link.kind === "can" && attributes.length > 0) {
    setKindData(link, attributes, `set ${describeSettings(settings)} of ${link.name}`, advice);
  }
  if (txQueueLength !== undefined) setLink(link.index, { txQueueLength });
  if (up === true) takeUp(link);
}

/**
 * Restarts a controller in bus-off at once. Needs CAP_NET_ADMIN.
 *
 * @throws IntercellError `EINVAL` or `EBUSY` if it is down, not in bus-off, or restarts by itself.
 */
export function restartCanInterface(name: string | number): void {
  const link = requireCanLink(name);
  if (link.kind !== "can") throw withoutController(link, "restart");
  const only = "Only a controller in bus-off whose interface is up and has restartMs 0 can be restarted.";
  const refusals = { [constants.errno.EINVAL]: only, [constants.errno.EBUSY]: only };
  const attributes = [u32Attribute(ControllerAttribute.RESTART, 1)];
  setKindData(link, attributes, `restart the controller of ${link.name}`, { ...advice, ...refusals });
}

function takeUp(link: NetworkLink): void {
  try {
    setLink(link.index, { up: true });
  } catch (error) {
    const timed = requireCanLink(link.index);
    const bare = timed.kind === "can" && describesNoBitRate(error);
    if (!bare) throw error;
    throw new IntercellError(ErrorCode.CONFIG, `Cannot take ${link.name} up as it has no bit rate: set bitRate`, {
      path: link.name,
      cause: error,
    });
  }
}

/** A controller without bit timing refuses with EINVAL (Linux, drivers/net/can/dev, open_candev). */
function describesNoBitRate(error: unknown): boolean {
  return error instanceof IntercellError && error.errno === constants.errno.EINVAL;
}

function encodeSettings(settings: CanSettings): readonly Attribute[] {
  const { fd, modes = {}, restartMs, terminationOhm } = settings;
  const attributes: Attribute[] = [];
  const nominal = encodeTiming(settings, ["bitRate", "samplePoint", "jumpWidth"]);
  if (nominal !== undefined) attributes.push({ type: ControllerAttribute.BIT_TIMING, value: nominal });
  const data = encodeTiming(settings, ["dataBitRate", "dataSamplePoint", "dataJumpWidth"]);
  const { mask, flags } = encodeModes(fd === undefined ? modes : { ...modes, fd });
  if (mask !== 0) attributes.push({ type: ControllerAttribute.MODES, value: u32Bytes(mask, flags) });
  if (restartMs !== undefined) {
    attributes.push(u32Attribute(ControllerAttribute.RESTART_MS, requireBelow("restartMs", restartMs, 0xffff_ffff)));
  }
  if (data !== undefined) attributes.push({ type: ControllerAttribute.DATA_BIT_TIMING, value: data });
  if (terminationOhm !== undefined) {
    const value = Uint8Array.from(
      new Uint8Array(Uint16Array.of(requireBelow("terminationOhm", terminationOhm, 0xffff)).buffer),
    );
    attributes.push({ type: ControllerAttribute.TERMINATION, value });
  }
  return attributes;
}

type TimingKey = "bitRate" | "samplePoint" | "jumpWidth" | "dataBitRate" | "dataSamplePoint" | "dataJumpWidth";

function encodeTiming(settings: CanSettings, keys: readonly [TimingKey, TimingKey, TimingKey]): Uint8Array | undefined {
  const [rateKey, pointKey, widthKey] = keys;
  const { [rateKey]: bitRate, [pointKey]: samplePoint, [widthKey]: jumpWidth } = settings;
  if (bitRate === undefined) {
    const lonely = [pointKey, widthKey].find((key) => settings[key] !== undefined);
    if (lonely !== undefined) throw new TypeError(`${lonely} needs ${rateKey}: they are set together`);
    return undefined;
  }
  requirePositive(rateKey, bitRate);
  if (samplePoint !== undefined) requireSamplePoint(pointKey, samplePoint);
  if (jumpWidth !== undefined) requirePositive(widthKey, jumpWidth);
  return encodeBitTiming({ bitRate, samplePoint, jumpWidth });
}

function requireBelow(name: string, value: number, max: number): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number`);
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(`${name} must be an integer from 0 to ${max}, not ${value}`);
}

function requireVirtualSettings(link: NetworkLink, settings: CanSettings): void {
  const key = CONTROLLER_KEYS.find((name) => settings[name as keyof CanSettings] !== undefined);
  if (key !== undefined) throw withoutController(link, `set ${key} of`);
}

function withoutController({ name, kind = "another" }: NetworkLink, what: string): IntercellError {
  const message = `Cannot ${what} ${name} as an interface of kind ${kind} has no controller`;
  return new IntercellError(ErrorCode.UNSUPPORTED, message, { path: name });
}

function describeSettings(settings: CanSettings): string {
  const given = Object.entries(settings).filter(([key, value]) => value !== undefined && key !== "up");
  return given
    .filter(([key]) => key !== "txQueueLength")
    .map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}
