import fc from "fast-check";
import {
  type CanFrame,
  type CanId,
  type DataFrame,
  dataFrame,
  type ErrorFrame,
  errorFrame,
  extendedId,
  type FdFrame,
  fdFrame,
  type RemoteFrame,
  remoteFrame,
  standardId,
  type XlFrame,
  xlFrame,
} from "../../src/can/index.js";

export const standardIds = fc.integer({ min: 0, max: 0x7ff }).map(standardId);
export const extendedIds = fc.integer({ min: 0, max: 0x1fff_ffff }).map(extendedId);
export const canIds: fc.Arbitrary<CanId> = fc.oneof(standardIds, extendedIds);

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
const byte = fc.integer({ min: 0, max: 0xff });
const rawDlc = fc.integer({ min: 9, max: 15 });

export const dataFrames: fc.Arbitrary<DataFrame> = fc.oneof(
  fc.tuple(canIds, bytes(0, 8)).map(([id, data]) => dataFrame(id, data)),
  fc.tuple(canIds, bytes(8, 8), rawDlc).map(([id, data, dlc]) => dataFrame(id, data, dlc)),
);

export const remoteFrames: fc.Arbitrary<RemoteFrame> = fc
  .tuple(canIds, fc.integer({ min: 0, max: 15 }))
  .map(([id, dlc]) => remoteFrame(id, dlc));

export const fdFrames: fc.Arbitrary<FdFrame> = fc
  .tuple(canIds, bytes(0, 64), fc.boolean(), fc.boolean())
  .map(([id, data, bitRateSwitch, errorStateIndicator]) => fdFrame(id, data, { bitRateSwitch, errorStateIndicator }));

export const xlFrames: fc.Arbitrary<XlFrame> = fc
  .tuple(standardIds, bytes(1, 2048), byte, byte, fc.nat(0xffff_ffff), fc.boolean(), fc.boolean())
  .map(([priority, data, virtualNetwork, sduType, acceptance, extendedContent, remoteRequest]) =>
    xlFrame(priority, data, { virtualNetwork, sduType, acceptance, extendedContent, remoteRequest }),
  );

export const errorFrames: fc.Arbitrary<ErrorFrame> = fc
  .tuple(fc.integer({ min: 0, max: 0x1fff_ffff }), bytes(0, 8))
  .map(([classes, data]) => errorFrame(classes, data));

/** Every kind of frame, each as often. */
export const canFrames: fc.Arbitrary<CanFrame> = fc.oneof(dataFrames, remoteFrames, fdFrames, xlFrames, errorFrames);
