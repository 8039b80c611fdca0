/** Most bytes of a classic data frame (`CAN_MAX_DLEN`, linux/can.h). */
export const MAX_CLASSIC_LENGTH = 8;

/** Most bytes of a CAN FD frame (`CANFD_MAX_DLEN`, linux/can.h). */
export const MAX_FD_LENGTH = 64;

/** Most bytes of a CAN XL frame (`CANXL_MAX_DLEN`, linux/can.h). The least is 1. */
export const MAX_XL_LENGTH = 2048;

/** Highest data length code of classic CAN and CAN FD, which has four bits. */
export const MAX_DLC = 15;

/** Data bytes of a CAN FD frame by data length code (ISO 11898-1). */
const fdLengths: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64];

/** Data bytes that a CAN FD frame with this data length code has. @throws RangeError unless `dlc` is 0 to 15. */
export function fdLengthOfDlc(dlc: number): number {
  const length = fdLengths[dlc];
  if (length === undefined) throw new RangeError(`A data length code is an integer from 0 to ${MAX_DLC}, not ${dlc}`);
  return length;
}

/** The data length code of the shortest CAN FD frame that holds so many bytes. @throws RangeError unless 0 to 64. */
export function fdDlcOfLength(length: number): number {
  if (!Number.isInteger(length) || length < 0 || length > MAX_FD_LENGTH) {
    throw new RangeError(`A CAN FD frame has 0 to ${MAX_FD_LENGTH} data bytes, not ${length}`);
  }
  return fdLengths.findIndex((step) => step >= length);
}
