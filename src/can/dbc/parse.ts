import { readFile } from "node:fs/promises";
import { ErrorCode, IntercellError, requireKnownKeys, systemError } from "../../errors.js";
import { Draft, type DraftMessage } from "./draft.js";
import { decodeText } from "./encoding.js";
import { FindingList } from "./finding.js";
import { applyLongNames } from "./long-name.js";
import type { Dbc, DbcEncoding, DbcMessage } from "./model.js";
import { resolveMultiplexing } from "./multiplexing.js";
import {
  readAttribute,
  readComment,
  readDefault,
  readDefinition,
  readRelation,
  readRelationDefinition,
} from "./read-attribute.js";
import { ORPHANAGE_ID, readExtendedMultiplexing, readMessage } from "./read-message.js";
import {
  readBitTiming,
  readDataVariable,
  readEnvironmentVariable,
  readFloatType,
  readNewSymbols,
  readNodes,
  readSignalGroup,
  readSignalValues,
  readTransmitters,
  readValueTable,
  readVersion,
} from "./read-section.js";
import { Scanner } from "./scanner.js";
import { readUsual } from "./usual.js";

export interface ParseDbcOptions {
  /** Shown in messages. @defaultValue `"DBC"` */
  readonly path?: string;
  /**
   * How bytes are text; a string is text already. @defaultValue UTF-8 if there are bytes above 0x7f and all are UTF-8,
   * else windows-1252
   */
  readonly encoding?: DbcEncoding;
}

/** Most bytes, or characters, of a DBC file. */
export const MAX_DBC_BYTES = 64 * 1024 * 1024;

type Read = (draft: Draft, line: number) => void;

/** What to do with each keyword. The first group ends with its line, the second with a semicolon. */
const lineStatements: ReadonlyMap<string, Read> = new Map([
  ["VERSION", readVersion],
  ["NS_", readNewSymbols],
  ["BS_", readBitTiming],
  ["BU_", readNodes],
  ["BO_", readMessage],
]);
const statements: ReadonlyMap<string, Read> = new Map([
  ["VAL_TABLE_", readValueTable],
  ["BO_TX_BU_", readTransmitters],
  ["EV_", readEnvironmentVariable],
  ["ENVVAR_DATA_", readDataVariable],
  ["CM_", readComment],
  ["BA_DEF_", readDefinition],
  ["BA_DEF_REL_", readRelationDefinition],
  ["BA_DEF_DEF_", readDefault(false)],
  ["BA_DEF_DEF_REL_", readDefault(true)],
  ["BA_", readAttribute],
  ["BA_REL_", readRelation],
  ["VAL_", readSignalValues],
  ["SIG_VALTYPE_", readFloatType],
  ["SIG_GROUP_", readSignalGroup],
  ["SG_MUL_VAL_", readExtendedMultiplexing],
]);

/**
 * Reads a DBC file. Sections may come in any order, and what real files have that the format has not is taken with a
 * warning; time grows with the length of the file.
 *
 * @param source the bytes of the file, or its text.
 * @throws IntercellError `ERR_CONFIG`, naming the line, for a statement that makes no sense, or a file that has none.
 */
export function parseDbc(source: string | Uint8Array, options: ParseDbcOptions = {}): Dbc {
  requireKnownKeys("parseDbc", options, ["path", "encoding"]);
  const { path = "DBC", encoding } = options;
  if (encoding !== undefined && encoding !== "utf-8" && encoding !== "windows-1252") {
    throw new TypeError(`The encoding of a DBC file is "windows-1252" or "utf-8", not ${JSON.stringify(encoding)}`);
  }
  if (typeof source !== "string" && !(source instanceof Uint8Array)) {
    throw new TypeError("A DBC file is read from its bytes or its text");
  }
  if (source.length > MAX_DBC_BYTES) {
    const message = `Cannot read ${path}: wanted up to ${MAX_DBC_BYTES} bytes, found ${source.length}`;
    throw new IntercellError(ErrorCode.TOO_LARGE, message, { path });
  }
  const decoded =
    typeof source === "string" ? { text: source, encoding: encoding ?? "windows-1252" } : decodeText(source, encoding);
  const findings = new FindingList();
  const draft = new Draft(new Scanner(decoded.text, path, findings), findings);
  readStatements(draft);
  return seal(draft, decoded.encoding);
}

/** Reads a DBC file from disk. @throws as {@link parseDbc} does, and IntercellError with the errno if it cannot be read. */
export async function readDbc(path: string, options: Omit<ParseDbcOptions, "path"> = {}): Promise<Dbc> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const { errno, syscall = "open" } = cause as NodeJS.ErrnoException;
    if (errno === undefined) throw cause;
    throw systemError({ errno, syscall, path, wanted: "read a DBC file", cause });
  }
  return parseDbc(bytes, { ...options, path });
}

function readStatements(draft: Draft): void {
  const { scanner, findings } = draft;
  let count = 0;
  while (!scanner.atEnd) {
    if (readUsual(draft)) {
      count += 1;
      continue;
    }
    const { line } = scanner;
    const keyword = scanner.peekName() ?? "";
    const ofLine = lineStatements.get(keyword);
    const read = ofLine ?? statements.get(keyword);
    if (read !== undefined) {
      scanner.take(keyword);
      read(draft, line);
      if (ofLine === undefined) endStatement(draft, keyword);
      count += 1;
    } else if (keyword === "SG_") scanner.fail("a BO_ before its signals");
    else if (scanner.take(";")) findings.warning("semicolon", line, "a semicolon ends no statement");
    else if (scanner.keyword() === undefined) scanner.fail("a keyword such as BO_ or CM_");
    else skipStatement(draft, keyword, line);
  }
  if (count === 0) scanner.fail("a DBC file, with statements such as VERSION or BO_");
}

function endStatement({ scanner, findings }: Draft, keyword: string): void {
  if (scanner.take(";")) return;
  if (!scanner.atEnd && scanner.keyword() === undefined) scanner.fail(`";" at the end of ${keyword}`);
  findings.warning("semicolon", scanner.line, `${keyword} does not end with a semicolon before this line`);
}

/** Passes over a statement whose keyword is unknown, up to its semicolon or the next one that is known. */
function skipStatement({ scanner, findings }: Draft, keyword: string, line: number): void {
  findings.warning("unknown-keyword", line, `${keyword} is not known; the statement is left out`);
  scanner.take(keyword);
  while (!scanner.atEnd && !scanner.take(";")) {
    const next = scanner.peekName();
    if (next !== undefined && (lineStatements.has(next) || statements.has(next))) return;
    if (next !== undefined) scanner.take(next);
    else if (scanner.peek('"')) scanner.string("a string");
    else scanner.skipCharacter();
  }
}

function seal(draft: Draft, encoding: DbcEncoding): Dbc {
  draft.finish();
  const orphanage = draft.messagesById.get(ORPHANAGE_ID);
  const all = orphanage === undefined ? draft.messages : [...draft.messages, orphanage];
  applyLongNames(draft, all);
  for (const message of all) resolveMultiplexing(draft, message);
  return {
    ...{ version: draft.version, encoding, bitTiming: draft.bitTiming },
    ...(draft.comment === undefined ? {} : { comment: draft.comment }),
    attributes: draft.attributes,
    nodes: draft.nodes,
    valueTables: draft.valueTables,
    messages: draft.messages.map(sealMessage),
    orphanSignals: orphanage?.signals ?? [],
    environmentVariables: draft.environmentVariables,
    attributeDefinitions: draft.definitions,
    relations: draft.relations,
    warnings: draft.findings.sorted(),
  };
}

function sealMessage({ bySymbol: _, ...message }: DraftMessage): DbcMessage {
  return message;
}
