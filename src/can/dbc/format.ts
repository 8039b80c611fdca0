import { requireKnownKeys } from "../../errors.js";
import { NO_NODE } from "./draft.js";
import { encodeText } from "./encoding.js";
import { attributeLines, commentLines, definitionLines, relationLines } from "./format-attribute.js";
import { fileId, quote } from "./format-text.js";
import type { Dbc, DbcEnvironmentVariable, DbcMessage, DbcMultiplexing, DbcSignal, DbcValueNames } from "./model.js";
import { formatNumber } from "./number.js";
import { ORPHANAGE, ORPHANAGE_ID } from "./read-message.js";

export interface FormatDbcOptions {
  /** @defaultValue `"\n"` */
  readonly newline?: "\n" | "\r\n";
}

/** Keywords that a file announces under NS_, in the order in which Vector's tools write them. */
const symbols =
  "NS_DESC_ CM_ BA_DEF_ BA_ VAL_ CAT_DEF_ CAT_ FILTER BA_DEF_DEF_ EV_DATA_ ENVVAR_DATA_ SGTYPE_ SGTYPE_VAL_ " +
  "BA_DEF_SGTYPE_ BA_SGTYPE_ SIG_TYPE_REF_ VAL_TABLE_ SIG_GROUP_ SIG_VALTYPE_ SIGTYPE_VALTYPE_ BO_TX_BU_ BA_DEF_REL_ " +
  "BA_REL_ BA_DEF_DEF_REL_ BU_SG_REL_ BU_EV_REL_ BU_BO_REL_ SG_MUL_VAL_";

/**
 * The text of a DBC file with this content. `parseDbc()` gives the same content for it, apart from lines and warnings.
 *
 * @throws RangeError for a text that ends with a backslash, which the format cannot express.
 */
export function formatDbc(dbc: Dbc, options: FormatDbcOptions = {}): string {
  requireKnownKeys("formatDbc", options, ["newline"]);
  const { newline = "\n" } = options;
  if (newline !== "\n" && newline !== "\r\n") throw new TypeError('The newline of a DBC file is "\\n" or "\\r\\n"');
  const lines = [
    ...[`VERSION ${quote(dbc.version)}`, "", "NS_ :", ...symbols.split(" ").map((symbol) => `\t${symbol}`), ""],
    ...[`BS_: ${dbc.bitTiming}`.trimEnd(), ""],
    ...[`BU_: ${dbc.nodes.map((node) => node.symbol).join(" ")}`.trimEnd()],
    ...dbc.valueTables.map(({ name, valueNames }) => `VAL_TABLE_ ${name}${formatValueNames(valueNames)} ;`),
    "",
    ...dbc.messages.flatMap((message) => [...messageLines(message), ""]),
    ...orphanLines(dbc),
    ...dbc.messages.filter(hasTransmitters).map((message) => {
      return `BO_TX_BU_ ${fileId(message.id)} : ${message.transmitters.join(",")};`;
    }),
    ...dbc.environmentVariables.map(variableLine),
    ...dbc.environmentVariables.flatMap(({ symbol, dataBytes }) => {
      return dataBytes === undefined ? [] : [`ENVVAR_DATA_ ${symbol}: ${dataBytes};`];
    }),
    ...commentLines(dbc),
    ...definitionLines(dbc),
    ...attributeLines(dbc),
    ...relationLines(dbc),
    ...valueLines(dbc),
    ...allSignals(dbc).flatMap(({ id, signal }) => {
      const code = { unsigned: 0, signed: 0, float32: 1, float64: 2 }[signal.type];
      return code === 0 ? [] : [`SIG_VALTYPE_ ${id} ${signal.symbol} : ${code};`];
    }),
    ...dbc.messages.flatMap(groupLines),
    ...dbc.messages.filter(isExtendedMultiplexed).flatMap(multiplexingLines),
  ];
  // What a text holds stays as it is: only the ends of the lines made here differ.
  return `${lines.join(newline)}${newline}`;
}

/** {@link formatDbc} as bytes, in the encoding of the database. @throws as that, and `ERR_UNSUPPORTED` as `encodeText`. */
export function encodeDbc(dbc: Dbc, options: FormatDbcOptions = {}): Uint8Array {
  return encodeText(formatDbc(dbc, options), dbc.encoding);
}

function messageLines(message: DbcMessage): string[] {
  const head = `BO_ ${fileId(message.id)} ${message.symbol}: ${message.lengthBytes} ${message.sender ?? NO_NODE}`;
  return [head, ...message.signals.map(signalLine)];
}

function orphanLines({ orphanSignals }: Dbc): string[] {
  if (orphanSignals.length === 0) return [];
  return [`BO_ ${ORPHANAGE_ID} ${ORPHANAGE}: 0 ${NO_NODE}`, ...orphanSignals.map(signalLine), ""];
}

function signalLine(signal: DbcSignal): string {
  const { symbol, startBit, lengthBits, byteOrder, type, factor, offset, min = 0, max = 0, unit, receivers } = signal;
  const mark = `${signal.multiplexing === undefined ? "" : `m${markValue(signal.multiplexing)}`}${signal.isMultiplexer ? "M" : ""}`;
  const layout = `${startBit}|${lengthBits}@${byteOrder === "little" ? 1 : 0}${type === "unsigned" ? "+" : "-"}`;
  const scale = `(${formatNumber(factor)},${formatNumber(offset)}) [${formatNumber(min)}|${formatNumber(max)}]`;
  const readers = receivers.length === 0 ? NO_NODE : receivers.join(",");
  return ` SG_ ${symbol}${mark === "" ? "" : ` ${mark}`} : ${layout} ${scale} ${quote(unit)} ${readers}`;
}

/** The k of `m<k>`: where SG_MUL_VAL_ tells more it is the least that helps old tools. */
function markValue({ ranges }: DbcMultiplexing): string {
  return formatNumber(ranges[0]?.first ?? 0);
}

function variableLine(variable: DbcEnvironmentVariable): string {
  const { symbol, typeCode, min, max, unit, initial, number, access, nodes } = variable;
  const range = `[${formatNumber(min)}|${formatNumber(max)}] ${quote(unit)} ${formatNumber(initial)}`;
  const readers = nodes.length === 0 ? NO_NODE : nodes.join(",");
  return `EV_ ${symbol}: ${typeCode} ${range} ${number} ${access} ${readers};`;
}

function formatValueNames(names: DbcValueNames): string {
  return [...names].map(([value, name]) => ` ${formatNumber(value)} ${quote(name)}`).join("");
}

function valueLines(dbc: Dbc): string[] {
  const ofSignals = allSignals(dbc).flatMap(({ id, signal }) => {
    return signal.valueNames === undefined
      ? []
      : [`VAL_ ${id} ${signal.symbol}${formatValueNames(signal.valueNames)} ;`];
  });
  const ofVariables = dbc.environmentVariables.flatMap(({ symbol, valueNames }) => {
    return valueNames === undefined ? [] : [`VAL_ ${symbol}${formatValueNames(valueNames)} ;`];
  });
  return [...ofSignals, ...ofVariables];
}

function hasTransmitters({ transmitters }: DbcMessage): boolean {
  return transmitters.length > 0;
}

function groupLines({ id, signalGroups }: DbcMessage): string[] {
  return signalGroups.map(({ name, repetitions, signals }) => {
    return `SIG_GROUP_ ${fileId(id)} ${name} ${repetitions} : ${signals.join(" ")};`;
  });
}

/** Whether `M` and `m<k>` do not say all. */
function isExtendedMultiplexed({ signals }: DbcMessage): boolean {
  if (signals.filter((signal) => signal.isMultiplexer).length > 1) return signals.some((signal) => signal.multiplexing);
  return signals.some(({ multiplexing }) => {
    const [range, ...others] = multiplexing?.ranges ?? [];
    return multiplexing !== undefined && (others.length > 0 || range === undefined || range.first !== range.last);
  });
}

function multiplexingLines({ id, signals }: DbcMessage): string[] {
  const symbolOf = new Map([...signals].reverse().map((signal) => [signal.name, signal.symbol]));
  return signals.flatMap(({ symbol, multiplexing }) => {
    if (multiplexing === undefined || multiplexing.ranges.length === 0) return [];
    const ranges = multiplexing.ranges
      .map(({ first, last }) => `${formatNumber(first)}-${formatNumber(last)}`)
      .join(", ");
    return [`SG_MUL_VAL_ ${fileId(id)} ${symbol} ${symbolOf.get(multiplexing.multiplexer)} ${ranges};`];
  });
}

function allSignals(dbc: Dbc): { readonly id: number; readonly signal: DbcSignal }[] {
  return [
    ...dbc.messages.flatMap(({ id, signals }) => signals.map((signal) => ({ id: fileId(id), signal }))),
    ...dbc.orphanSignals.map((signal) => ({ id: ORPHANAGE_ID, signal })),
  ];
}
