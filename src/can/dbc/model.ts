import type { CanId } from "../id.js";
import type { DbcFinding } from "./finding.js";
import type { DbcNumber } from "./number.js";

/** A value of an attribute as the file has it; of an enumeration either the label or its index. */
export type DbcAttributeValue = DbcNumber | string;

/** Attributes of one object, by name, in the order of the file. Defaults are not among them: see `attributeValue()`. */
export type DbcAttributes = ReadonlyMap<string, DbcAttributeValue>;

/** Names of raw values, in the order of the file. */
export type DbcValueNames = ReadonlyMap<DbcNumber, string>;

/** What an attribute can belong to. */
export type DbcObjectKind = "network" | "node" | "message" | "signal" | "environment";

/** What an attribute of a relation can belong to (BU_BO_REL_, BU_SG_REL_, BU_EV_REL_). */
export type DbcRelationKind = "node-message" | "node-signal" | "node-environment";

export type DbcAttributeType =
  | {
      readonly kind: "int" | "hex" | "float";
      /** Absent where the file gives no limits. */
      readonly min?: DbcNumber;
      readonly max?: DbcNumber;
    }
  | { readonly kind: "string" }
  | { readonly kind: "enum"; readonly labels: readonly string[] };

/** A BA_DEF_ or BA_DEF_REL_. */
export interface DbcAttributeDefinition {
  readonly name: string;
  readonly target: DbcObjectKind | DbcRelationKind;
  readonly type: DbcAttributeType;
  readonly defaultValue?: DbcAttributeValue;
  readonly line: number;
}

/** A BA_REL_: the value of an attribute for a node and what it sends or receives. */
export interface DbcRelation {
  readonly attribute: string;
  readonly kind: DbcRelationKind;
  readonly node: string;
  /** Of `node-message` and `node-signal`. */
  readonly messageId?: CanId;
  /** Symbol of the signal of `node-signal`, or name of the variable of `node-environment`. */
  readonly object?: string;
  readonly value: DbcAttributeValue;
  readonly line: number;
}

/** What all named things of a file have. */
export interface DbcObject {
  /** The full name: SystemMessageLongSymbol and the like if the file has it, else the symbol. */
  readonly name: string;
  /** The name in the statements of the file. */
  readonly symbol: string;
  readonly comment?: string;
  readonly attributes: DbcAttributes;
  /** Where it is declared; counts from 1. */
  readonly line: number;
}

export type DbcNode = DbcObject;

/** - `unsigned`, `signed`: an integer, in two's complement  - `float32`, `float64`: IEEE 754 (SIG_VALTYPE_). */
export type DbcSignalType = "unsigned" | "signed" | "float32" | "float64";

/** A range of raw values of a multiplexer; both ends are in it. */
export interface DbcRange {
  readonly first: DbcNumber;
  readonly last: DbcNumber;
}

/** When a signal is there: while the raw value of the multiplexer lies in one of the ranges. */
export interface DbcMultiplexing {
  /** Name of the multiplexer, a signal of the same message. */
  readonly multiplexer: string;
  readonly ranges: readonly DbcRange[];
}

export interface DbcSignal extends DbcObject {
  /**
   * Bit 8 · byte + bit, where bit 0 is the least significant of its byte: of the least significant bit of a little-endian
   * signal, of the most significant bit of a big-endian one.
   */
  readonly startBit: number;
  readonly lengthBits: number;
  readonly byteOrder: "little" | "big";
  readonly type: DbcSignalType;
  /** The physical value is raw · factor + offset. */
  readonly factor: DbcNumber;
  readonly offset: DbcNumber;
  /** Least physical value; absent if the file gives no limits, written `[0|0]`. */
  readonly min?: DbcNumber;
  readonly max?: DbcNumber;
  /** Empty if there is none. */
  readonly unit: string;
  /** Symbols of nodes. */
  readonly receivers: readonly string[];
  readonly isMultiplexer: boolean;
  /** Absent if the signal is always there. */
  readonly multiplexing?: DbcMultiplexing;
  readonly valueNames?: DbcValueNames;
}

/** A SIG_GROUP_. */
export interface DbcSignalGroup {
  readonly name: string;
  readonly repetitions: number;
  /** Symbols of signals. */
  readonly signals: readonly string[];
  readonly line: number;
}

export interface DbcMessage extends DbcObject {
  readonly id: CanId;
  readonly lengthBytes: number;
  /** Symbol of the node that sends it; absent if the file names none (Vector__XXX). */
  readonly sender?: string;
  /** Symbols of all nodes that send it (BO_TX_BU_); empty if the file has no such statement. */
  readonly transmitters: readonly string[];
  readonly signals: readonly DbcSignal[];
  readonly signalGroups: readonly DbcSignalGroup[];
}

/** A VAL_TABLE_. */
export interface DbcValueTable {
  readonly name: string;
  readonly valueNames: DbcValueNames;
  readonly line: number;
}

/** An EV_. */
export interface DbcEnvironmentVariable extends DbcObject {
  /** 0 integer, 1 float, 2 string. */
  readonly typeCode: number;
  readonly min: DbcNumber;
  readonly max: DbcNumber;
  readonly unit: string;
  readonly initial: DbcNumber;
  readonly number: number;
  /** `DUMMY_NODE_VECTOR` and four hexadecimal digits: who may read and write, and whether it is a string. */
  readonly access: string;
  readonly nodes: readonly string[];
  /** Bytes of a variable of type data (ENVVAR_DATA_). */
  readonly dataBytes?: number;
  readonly valueNames?: DbcValueNames;
}

/** How the bytes of a file are text. */
export type DbcEncoding = "windows-1252" | "utf-8";

/** All that a DBC file says. Made by `parseDbc()`, or by hand: it is plain data. */
export interface Dbc {
  readonly version: string;
  readonly encoding: DbcEncoding;
  /** What BS_ says of bit timing, as text; mostly empty. */
  readonly bitTiming: string;
  readonly comment?: string;
  readonly attributes: DbcAttributes;
  readonly nodes: readonly DbcNode[];
  readonly valueTables: readonly DbcValueTable[];
  readonly messages: readonly DbcMessage[];
  /** Signals of no message, which Vector's tools keep in one called VECTOR__INDEPENDENT_SIG_MSG. */
  readonly orphanSignals: readonly DbcSignal[];
  readonly environmentVariables: readonly DbcEnvironmentVariable[];
  readonly attributeDefinitions: readonly DbcAttributeDefinition[];
  readonly relations: readonly DbcRelation[];
  /** What was loose about the file, by line. `lintDbc()` finds what is wrong with its contents. */
  readonly warnings: readonly DbcFinding[];
}
