import { requireKnownKeys } from "../../errors.js";
import { type CanId, extendedId, isCanId } from "../id.js";

/** By what the frames of one connection are known, in either direction. Made by the functions of this file. */
export interface IsoTpAddress {
  readonly txId: CanId;
  readonly rxId: CanId;
  /** Byte before the PCI: N_TA in extended addressing, N_AE in mixed. */
  readonly txByte?: number;
  readonly rxByte?: number;
  /** For SingleFrames to, and from, many at once. */
  readonly functionalTxId?: CanId;
  readonly functionalRxId?: CanId;
  readonly functionalTxByte?: number;
  readonly functionalRxByte?: number;
}

/** Two ids that were agreed upon. */
export interface IdPair {
  /** Of the frames that this side sends, FlowControls among them. */
  readonly tx: CanId;
  readonly rx: CanId;
  /** Id of functional requests that this side sends, such as 0x7df. @defaultValue none are sent */
  readonly functionalTx?: CanId;
  /** Id of functional requests that this side hears. @defaultValue none are heard */
  readonly functionalRx?: CanId;
}

export interface ExtendedPair extends IdPair {
  /** N_TA that this side sends: the address of the peer, 0 to 255. */
  readonly target: number;
  /** N_TA that this side listens for: its own address, 0 to 255. */
  readonly own: number;
  /** N_TA of functional requests. @defaultValue 0xff */
  readonly functionalTarget?: number;
}

export interface MixedPair extends IdPair {
  /** N_AE that this side sends, 0 to 255. */
  readonly extension: number;
  /** N_AE that this side listens for. @defaultValue `extension` */
  readonly rxExtension?: number;
}

export interface FixedPair {
  /** N_TA: the address of the peer, 0 to 255. */
  readonly target: number;
  /** N_SA: the own address, 0 to 255. */
  readonly source: number;
  /** Address of the group that functional requests are for, such as 0x33. @defaultValue none are sent or heard */
  readonly functional?: number;
  /** 0 (first) to 7. @defaultValue 6 */
  readonly priority?: number;
}

export interface MixedFixedPair extends FixedPair {
  /** N_AE, the same in both directions, 0 to 255. */
  readonly extension: number;
}

const idPairKeys = ["tx", "rx", "functionalTx", "functionalRx"];
const fixedKeys = ["target", "source", "functional", "priority"];

/** PDU formats of 29-bit ids (ISO 15765-2, normal fixed and mixed addressing). */
const Format = { physical: 0xda, functional: 0xdb, mixedPhysical: 0xce, mixedFunctional: 0xcd } as const;

/** Normal addressing: the id says it all. */
export function normalAddress(pair: IdPair): IsoTpAddress {
  requireKnownKeys("normalAddress", pair, idPairKeys);
  return idsOf(pair);
}

/** Extended addressing: a byte in front of each frame has the address of whom it is for. */
export function extendedAddress(pair: ExtendedPair): IsoTpAddress {
  requireKnownKeys("extendedAddress", pair, [...idPairKeys, "target", "own", "functionalTarget"]);
  const group = requireByte("functionalTarget", pair.functionalTarget ?? 0xff);
  return {
    ...idsOf(pair),
    txByte: requireByte("target", pair.target),
    rxByte: requireByte("own", pair.own),
    functionalTxByte: group,
    functionalRxByte: group,
  };
}

/** Mixed addressing with ids of any kind: a byte in front of each frame extends the address. */
export function mixedAddress(pair: MixedPair): IsoTpAddress {
  requireKnownKeys("mixedAddress", pair, [...idPairKeys, "extension", "rxExtension"]);
  return { ...idsOf(pair), ...extensionsOf(pair.extension, pair.rxExtension ?? pair.extension) };
}

/** Normal fixed addressing: 29-bit ids 18DA TA SA, and 18DB TA SA for functional requests. */
export function normalFixedAddress(pair: FixedPair): IsoTpAddress {
  requireKnownKeys("normalFixedAddress", pair, fixedKeys);
  return fixedIds(pair, Format.physical, Format.functional);
}

/** Mixed addressing with 29-bit ids 18CE TA SA, and 18CD TA SA for functional requests. */
export function mixedFixedAddress(pair: MixedFixedPair): IsoTpAddress {
  requireKnownKeys("mixedFixedAddress", pair, [...fixedKeys, "extension"]);
  const ids = fixedIds(pair, Format.mixedPhysical, Format.mixedFunctional);
  return { ...ids, ...extensionsOf(pair.extension, pair.extension) };
}

function idsOf({ tx, rx, functionalTx, functionalRx }: IdPair): IsoTpAddress {
  for (const id of [tx, rx, functionalTx, functionalRx]) {
    if (id !== undefined && !isCanId(id)) {
      throw new RangeError(`An ISO-TP id is made by standardId() or extendedId(), which do not give ${String(id)}`);
    }
  }
  if (tx === rx) throw new RangeError("The two directions of an ISO-TP connection need two ids, not one");
  return {
    txId: tx,
    rxId: rx,
    ...(functionalTx === undefined ? {} : { functionalTxId: functionalTx }),
    ...(functionalRx === undefined ? {} : { functionalRxId: functionalRx }),
  };
}

function extensionsOf(tx: number, rx: number): Pick<IsoTpAddress, "txByte" | "rxByte"> & Partial<IsoTpAddress> {
  const txByte = requireByte("extension", tx);
  const rxByte = requireByte("rxExtension", rx);
  return { txByte, rxByte, functionalTxByte: txByte, functionalRxByte: rxByte };
}

function fixedIds(pair: FixedPair, physical: number, functional: number): IsoTpAddress {
  const target = requireByte("target", pair.target);
  const source = requireByte("source", pair.source);
  const priority = pair.priority ?? 6;
  if (!Number.isInteger(priority) || priority < 0 || priority > 7) {
    throw new RangeError(`The priority of a fixed address is an integer from 0 to 7, not ${priority}`);
  }
  const id = (format: number, to: number, from: number) =>
    extendedId(priority * 2 ** 26 + format * 2 ** 16 + to * 2 ** 8 + from);
  const group = pair.functional === undefined ? undefined : requireByte("functional", pair.functional);
  return idsOf({
    tx: id(physical, target, source),
    rx: id(physical, source, target),
    ...(group === undefined
      ? {}
      : { functionalTx: id(functional, group, source), functionalRx: id(functional, group, target) }),
  });
}

function requireByte(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xff) return value;
  throw new RangeError(`${name} of an ISO-TP address is an integer from 0 to 255, not ${String(value)}`);
}
