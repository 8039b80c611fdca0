import { BitStream } from "./bit-stream.js";
import { fdDlcOfLength } from "./dlc.js";
import { type DataFrame, type FdFrame, padToFdLength, type RemoteFrame } from "./frame.js";
import { type CanId, idBits, isExtended } from "./id.js";

/** Frames whose length on the wire is known here. */
export type TimedFrame = DataFrame | RemoteFrame | FdFrame;

/** Bits of a frame on the wire, from the start of frame to the end of the intermission. */
export interface BitLength {
  /** Bits at the bit rate of arbitration. */
  readonly nominal: number;
  /** Bits at the second bit rate; 0 unless the frame switches. */
  readonly data: number;
}

/** Bit rates of a bus, in bit/s. */
export interface BitRates {
  readonly bitRate: number;
  /** Of the data phase of CAN FD. @defaultValue bitRate */
  readonly dataBitRate?: number | undefined;
}

/** After the CRC delimiter, none of it stuffed: acknowledge slot and delimiter, end of frame 7, intermission 3. */
const TRAILER_BITS = 2 + 7 + 3;

/** CRC delimiter. */
const DELIMITER_BITS = 1;

/** CRC of classic CAN. */
const CRC_BITS = 15;

/** Bits of CAN FD's CRC field (ISO 11898-1:2015): stuff count 4, CRC 17 or 21, a fixed stuff bit before each four of them. */
const FD_CRC_BITS = { short: 4 + 17 + 6, long: 4 + 21 + 7 } as const;

/** Most data bytes that the shorter CRC goes with (ISO 11898-1:2015). */
const SHORT_CRC_BYTES = 16;

/**
 * The exact length of a frame, stuff bits included: of classic frames with the CRC, of CAN FD frames with the fixed stuff
 * bits of theirs (ISO 11898-1:2015).
 *
 * A controller changes the rate within the bits BRS and CRC delimiter. If both rates have the same sample point, that
 * adds up to one bit of each, which is how they count here.
 */
export function frameBits(frame: TimedFrame): BitLength {
  return frame.kind === "fd" ? fdBits(frame) : { nominal: classicBits(frame), data: 0 };
}

/** The length of a classic frame without and with as many stuff bits as there can be. */
export function classicBitBounds(frame: DataFrame | RemoteFrame): { readonly least: number; readonly most: number } {
  const stuffed = classicHeader(frame).length + CRC_BITS;
  const least = stuffed + DELIMITER_BITS + TRAILER_BITS;
  // After the first five bits each four more may end in a stuff bit, as it counts as the first of the next five.
  return { least, most: least + Math.floor((stuffed - 1) / 4) };
}

/** Nanoseconds that a frame takes on the wire, the intermission included. */
export function wireTimeNs(frame: TimedFrame, { bitRate, dataBitRate = bitRate }: BitRates): number {
  const { nominal, data } = frameBits(frame);
  return (nominal * 1e9) / bitRate + (data * 1e9) / dataBitRate;
}

function classicBits(frame: DataFrame | RemoteFrame): number {
  const stream = classicHeader(frame);
  stream.append(stream.crc15(), CRC_BITS);
  return stream.length + stream.stuffPositions(true).length + DELIMITER_BITS + TRAILER_BITS;
}

function classicHeader(frame: DataFrame | RemoteFrame): BitStream {
  const remote = frame.kind === "remote" ? 1 : 0;
  const stream = appendId(new BitStream(), frame.id, remote);
  // r1 and r0, or only r0 as IDE stands for the other one; both dominant.
  stream.append(0, isExtended(frame.id) ? 2 : 1).append(frame.dlc, 4);
  return frame.kind === "data" ? stream.appendBytes(frame.data) : stream;
}

function fdBits(frame: FdFrame): BitLength {
  const data = padToFdLength(frame.data);
  const stream = appendId(new BitStream(), frame.id, 0);
  // FDF, a reserved bit, BRS.
  stream.append(0b100 | (frame.bitRateSwitch ? 1 : 0), 3);
  const nominalBits = stream.length;
  stream
    .append(frame.errorStateIndicator ? 1 : 0, 1)
    .append(fdDlcOfLength(data.length), 4)
    .appendBytes(data);
  // Five equal bits at the end are followed by the first fixed stuff bit instead.
  const stuffed = stream.stuffPositions(false);
  // What follows the last bit of the nominal rate is sent at the other one, be it a stuff bit.
  const nominalStuffed = stuffed.filter((index) => index < nominalBits - 1).length;
  const crc = data.length <= SHORT_CRC_BYTES ? FD_CRC_BITS.short : FD_CRC_BITS.long;
  const dataBits = stream.length - nominalBits + stuffed.length - nominalStuffed + crc + DELIMITER_BITS;
  const nominal = nominalBits + nominalStuffed + TRAILER_BITS;
  return frame.bitRateSwitch ? { nominal, data: dataBits } : { nominal: nominal + dataBits, data: 0 };
}

/** Start of frame and the arbitration field, IDE included. */
function appendId(stream: BitStream, id: CanId, remote: number): BitStream {
  stream.append(0, 1);
  const bits = idBits(id);
  if (!isExtended(id)) return stream.append(bits, 11).append(remote, 1).append(0, 1);
  // Base id, SRR and IDE recessive, the other 18 bits, RTR.
  return stream
    .append(bits >>> 18, 11)
    .append(0b11, 2)
    .append(bits, 18)
    .append(remote, 1);
}
