/** What a controller can be told to do (linux/can/netlink.h, CAN_CTRLMODE_*), by bit. */
const bits = {
  /** Hears its own frames without a bus. */
  loopback: 0x1,
  /** Neither acknowledges nor sends. */
  listenOnly: 0x2,
  /** Looks three times at each bit. */
  tripleSampling: 0x4,
  /** Sends a frame once, whether it arrives or not. */
  oneShot: 0x8,
  /** Tells each error of the bus in an error frame: many, on a bus that is broken. */
  berrReporting: 0x10,
  /** CAN FD. */
  fd: 0x20,
  /** Goes on when nobody acknowledges. */
  presumeAck: 0x40,
  /** CAN FD as it was before ISO 11898-1:2015. */
  fdNonIso: 0x80,
  /** Classic frames may carry a DLC of 9 to 15. */
  ccLen8Dlc: 0x100,
  /** Compensates the transceiver's delay, which the controller measures, or which it is given. */
  tdcAuto: 0x200,
  tdcManual: 0x400,
  /** Acknowledges, but sends nothing of its own. */
  restricted: 0x800,
  /** CAN XL. */
  xl: 0x1000,
  xlTdcAuto: 0x2000,
  xlTdcManual: 0x4000,
  /** CAN XL with the signalling of SIC-XL transceivers. */
  xlTms: 0x8000,
} as const;

/** Name of a controller mode. */
export type CanMode = keyof typeof bits;

/** All controller modes, in the order of their bits. What a controller and its kernel know is in `supportedModes`. */
export const canModes = Object.keys(bits) as readonly CanMode[];

/** The modes whose bits are set; bits without a name are left out. */
export function modesOf(flags: number): readonly CanMode[] {
  return canModes.filter((mode) => (flags & bits[mode]) !== 0);
}

/**
 * The bits of the modes to be changed, and of those among them to be set (struct can_ctrlmode).
 *
 * @throws TypeError for a mode that does not exist, or is neither on nor off.
 */
export function encodeModes(modes: Readonly<Partial<Record<CanMode, boolean | undefined>>>): {
  mask: number;
  flags: number;
} {
  let mask = 0;
  let flags = 0;
  for (const [mode, isOn] of Object.entries(modes)) {
    if (!Object.hasOwn(bits, mode)) {
      throw new TypeError(`There is no controller mode ${JSON.stringify(mode)}: there are ${canModes.join(", ")}`);
    }
    if (isOn === undefined) continue;
    if (typeof isOn !== "boolean") throw new TypeError(`Controller mode ${mode} must be true or false`);
    mask |= bits[mode as CanMode];
    if (isOn) flags |= bits[mode as CanMode];
  }
  return { mask, flags };
}
