import { requireKnownKeys } from "../errors.js";
import { fdDlcOfLength, fdLengthOfDlc, MAX_CLASSIC_LENGTH, MAX_DLC, MAX_FD_LENGTH, MAX_XL_LENGTH } from "./dlc.js";
import { type CanId, isCanId, isExtended, type StandardId } from "./id.js";

/** A classic frame with data. */
export interface DataFrame {
  readonly kind: "data";
  readonly id: CanId;
  /** 0 to 8: the number of data bytes; 9 to 15: the code as it was on the wire, with 8 data bytes. */
  readonly dlc: number;
  readonly data: Uint8Array;
}

/** A classic frame that asks for data. It has a length code and no data. */
export interface RemoteFrame {
  readonly kind: "remote";
  readonly id: CanId;
  /** 0 to 15, as in {@link DataFrame}. */
  readonly dlc: number;
}

/** A CAN FD frame. */
export interface FdFrame {
  readonly kind: "fd";
  readonly id: CanId;
  /** BRS: the data phase has the second bit rate. */
  readonly bitRateSwitch: boolean;
  /** ESI: the sender's controller is error passive. The controller sets it; a virtual bus passes on what it is given. */
  readonly errorStateIndicator: boolean;
  /** On the wire 0 to 8, 12, 16, 20, 24, 32, 48 or 64 bytes; a frame that software made may have another length. */
  readonly data: Uint8Array;
}

/** A CAN XL frame. */
export interface XlFrame {
  readonly kind: "xl";
  /** Decides arbitration and identifies nothing. */
  readonly priority: StandardId;
  /** VCID: the virtual network, 0 to 255. */
  readonly virtualNetwork: number;
  /** SDT: what the data is, 0 to 255 (CiA 611-1). */
  readonly sduType: number;
  /** AF: 32 bits whose meaning the SDU type gives, such as an identifier or an address. */
  readonly acceptance: number;
  /** SEC: the data begins with a security or segmentation protocol. */
  readonly extendedContent: boolean;
  /** RRS. */
  readonly remoteRequest: boolean;
  /** 1 to 2048 bytes. */
  readonly data: Uint8Array;
}

/** What a controller reports instead of a frame. Sense is made of it by `decodeErrorFrame`. */
export interface ErrorFrame {
  readonly kind: "error";
  /** Bits of `ErrorClass`, 29 of them. */
  readonly classes: number;
  /** 8 bytes when a driver made it; software can make shorter ones. */
  readonly data: Uint8Array;
}

/** Anything that a CAN socket gives. Frames are values: they are not changed once made. */
export type CanFrame = DataFrame | RemoteFrame | FdFrame | XlFrame | ErrorFrame;

/** Bytes of a frame. An array is held against the range of a byte; either is copied. */
export type FrameBytes = Uint8Array | readonly number[];

export interface FdFrameOptions {
  /** @defaultValue false */
  readonly bitRateSwitch?: boolean;
  /** @defaultValue false */
  readonly errorStateIndicator?: boolean;
}

export interface XlFrameOptions {
  /** 0 to 255. @defaultValue 0 */
  readonly virtualNetwork?: number;
  /** 0 to 255. @defaultValue 0 */
  readonly sduType?: number;
  /** 0 to 2^32 - 1. @defaultValue 0 */
  readonly acceptance?: number;
  /** @defaultValue false */
  readonly extendedContent?: boolean;
  /** @defaultValue false */
  readonly remoteRequest?: boolean;
}

/**
 * Makes a classic data frame.
 *
 * @param dlc a length code above the number of bytes, 9 to 15, is allowed with 8 bytes.
 * @throws RangeError if there are more than 8 bytes, or the code does not go with them.
 */
export function dataFrame(id: CanId, bytes: FrameBytes = [], dlc = bytes.length): DataFrame {
  const data = copyBytes("A classic data frame", bytes, 0, MAX_CLASSIC_LENGTH);
  if (dlc !== data.length && !(data.length === MAX_CLASSIC_LENGTH && isRawDlc(dlc))) {
    const wanted = `the number of its bytes, ${data.length}, or 9 to ${MAX_DLC} if it has ${MAX_CLASSIC_LENGTH}`;
    throw new RangeError(`The length code of a data frame is ${wanted}; found ${dlc}`);
  }
  return { kind: "data", id: requireId(id), dlc, data };
}

/** Makes a remote frame that asks for `dlc` bytes. @throws RangeError unless `dlc` is 0 to 15. */
export function remoteFrame(id: CanId, dlc = 0): RemoteFrame {
  if (!Number.isInteger(dlc) || dlc < 0 || dlc > MAX_DLC) {
    throw new RangeError(`The length code of a remote frame is an integer from 0 to ${MAX_DLC}, not ${dlc}`);
  }
  return { kind: "remote", id: requireId(id), dlc };
}

/**
 * Makes a CAN FD frame. Its data is as long as the next length that the wire has; what is added is zero.
 *
 * @throws RangeError if there are more than 64 bytes.
 */
export function fdFrame(id: CanId, bytes: FrameBytes = [], options: FdFrameOptions = {}): FdFrame {
  requireKnownKeys("fdFrame", options, ["bitRateSwitch", "errorStateIndicator"]);
  const { bitRateSwitch = false, errorStateIndicator = false } = options;
  const data = padToFdLength(copyBytes("A CAN FD frame", bytes, 0, MAX_FD_LENGTH));
  return { kind: "fd", id: requireId(id), bitRateSwitch, errorStateIndicator, data };
}

/** Makes a CAN XL frame. @throws RangeError if a part is out of range. */
export function xlFrame(priority: StandardId, bytes: FrameBytes, options: XlFrameOptions = {}): XlFrame {
  const known = ["virtualNetwork", "sduType", "acceptance", "extendedContent", "remoteRequest"];
  requireKnownKeys("xlFrame", options, known);
  const { virtualNetwork = 0, sduType = 0, acceptance = 0, extendedContent = false, remoteRequest = false } = options;
  if (!isCanId(priority) || isExtended(priority)) {
    throw new RangeError("The priority of a CAN XL frame is a standard id: make it with standardId()");
  }
  return {
    kind: "xl",
    priority,
    virtualNetwork: requireBits("virtualNetwork", virtualNetwork, 8),
    sduType: requireBits("sduType", sduType, 8),
    acceptance: requireBits("acceptance", acceptance, 32),
    extendedContent,
    remoteRequest,
    data: copyBytes("A CAN XL frame", bytes, 1, MAX_XL_LENGTH),
  };
}

/**
 * Makes an error frame from the kernel's numbers; `encodeErrorFrame` makes one from words.
 *
 * @param classes bits of `ErrorClass`.
 * @throws RangeError if there are more than 8 bytes or more than 29 bits.
 */
export function errorFrame(classes: number, bytes: FrameBytes = new Uint8Array(MAX_CLASSIC_LENGTH)): ErrorFrame {
  const data = copyBytes("An error frame", bytes, 0, MAX_CLASSIC_LENGTH);
  return { kind: "error", classes: requireBits("classes", classes, 29), data };
}

/** The data with zeros after it, up to the next length that a CAN FD frame has on the wire; itself if it fits. */
export function padToFdLength(data: Uint8Array): Uint8Array {
  const length = fdLengthOfDlc(fdDlcOfLength(data.length));
  if (length === data.length) return data;
  const padded = new Uint8Array(length);
  padded.set(data);
  return padded;
}

/** Whether a length code says more than the number of bytes (`len8_dlc`, linux/can.h). */
function isRawDlc(dlc: number): boolean {
  return Number.isInteger(dlc) && dlc > MAX_CLASSIC_LENGTH && dlc <= MAX_DLC;
}

function requireId(id: CanId): CanId {
  if (isCanId(id)) return id;
  throw new RangeError(`A frame's id is made by standardId() or extendedId(), which do not give ${id}`);
}

function requireBits(name: string, value: number, bits: number): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** bits) return value;
  throw new RangeError(`${name} of a frame has ${bits} bits, which ${value} does not fit`);
}

function copyBytes(what: string, bytes: FrameBytes, least: number, most: number): Uint8Array {
  if (bytes.length < least || bytes.length > most) {
    throw new RangeError(`${what} has ${least} to ${most} data bytes, not ${bytes.length}`);
  }
  if (!(bytes instanceof Uint8Array)) {
    const wrong = bytes.find((byte) => !Number.isInteger(byte) || byte < 0 || byte > 0xff);
    if (wrong !== undefined) throw new RangeError(`A data byte is an integer from 0 to 255, not ${wrong}`);
  }
  return Uint8Array.from(bytes);
}
