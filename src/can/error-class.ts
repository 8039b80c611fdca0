/** Bits of an error frame's `classes` and of an error mask (linux/can/error.h). */
export const ErrorClass = {
  TX_TIMEOUT: 0x001,
  LOST_ARBITRATION: 0x002,
  CONTROLLER: 0x004,
  PROTOCOL: 0x008,
  TRANSCEIVER: 0x010,
  NO_ACKNOWLEDGE: 0x020,
  BUS_OFF: 0x040,
  /** May flood; a device reports it only with berr-reporting on. */
  BUS_ERROR: 0x080,
  RESTARTED: 0x100,
  /** The error counters are valid. */
  COUNTERS: 0x200,
} as const;

/** The error mask that asks for every error frame (`CAN_ERR_MASK`, linux/can.h). */
export const ALL_ERRORS = 0x1fff_ffff;

/** Error counters at which a controller changes its state (linux/can/error.h). */
export const ErrorThreshold = { WARNING: 96, PASSIVE: 128, BUS_OFF: 256 } as const;

/** Bits of data[1] (linux/can/error.h). */
export const controllerProblems = {
  "rx-overflow": 0x01,
  "tx-overflow": 0x02,
  "rx-warning": 0x04,
  "tx-warning": 0x08,
  "rx-passive": 0x10,
  "tx-passive": 0x20,
  /** Back in the error active state. */
  active: 0x40,
} as const;

export type ControllerProblem = keyof typeof controllerProblems;

/** Bits of data[2] (linux/can/error.h). */
export const protocolViolations = {
  "single-bit": 0x01,
  form: 0x02,
  stuff: 0x04,
  /** A dominant bit could not be sent. */
  "dominant-bit": 0x08,
  /** A recessive bit could not be sent. */
  "recessive-bit": 0x10,
  overload: 0x20,
  /** An active error flag was seen. */
  "active-flag": 0x40,
  /** It happened while this controller was sending. */
  transmitting: 0x80,
} as const;

export type ProtocolViolation = keyof typeof protocolViolations;

/** Values of data[3] (linux/can/error.h). */
export const protocolLocations = {
  "start-of-frame": 0x03,
  "id-28-21": 0x02,
  "id-20-18": 0x06,
  "substitute-rtr": 0x04,
  "id-extension": 0x05,
  "id-17-13": 0x07,
  "id-12-5": 0x0f,
  "id-4-0": 0x0e,
  rtr: 0x0c,
  "reserved-1": 0x0d,
  "reserved-0": 0x09,
  "length-code": 0x0b,
  data: 0x0a,
  "crc-sequence": 0x08,
  "crc-delimiter": 0x18,
  "acknowledge-slot": 0x19,
  "acknowledge-delimiter": 0x1b,
  "end-of-frame": 0x1a,
  intermission: 0x12,
} as const;

export type ProtocolLocation = keyof typeof protocolLocations;

/** Values of the low half (CAN_H) and, shifted by four, the high half (CAN_L) of data[4] (linux/can/error.h). */
export const wireFaults = {
  "no-wire": 0x4,
  "short-to-battery": 0x5,
  "short-to-vcc": 0x6,
  "short-to-ground": 0x7,
} as const;

export type WireFault = keyof typeof wireFaults;
