import { type Draft, type DraftEnvironmentVariable, type DraftNode, NO_ATTRIBUTES, NO_NODE } from "./draft.js";
import type { DbcValueNames } from "./model.js";
import type { DbcNumber } from "./number.js";
import { readId, readPair } from "./read-message.js";
import type { Scanner } from "./scanner.js";

/** `VERSION "<text>"` */
export function readVersion(draft: Draft): void {
  draft.version = draft.scanner.string("a version");
}

/** `NS_ :` and the keywords that the file may use, each alone on its line. They tell nothing. */
export function readNewSymbols({ scanner }: Draft): void {
  scanner.take(":");
  if (!scanner.atLineEnd) scanner.restOfLine();
  while (scanner.nameAloneOnLine()) scanner.restOfLine();
}

/** `BS_: [<baud rate> : <BTR1> , <BTR2>]` */
export function readBitTiming(draft: Draft): void {
  draft.scanner.take(":");
  if (!draft.scanner.atLineEnd) draft.bitTiming = draft.scanner.restOfLine();
}

/** `BU_: <node> <node> …`, on as many lines as it takes. */
export function readNodes({ scanner, nodes, nodesByName }: Draft): void {
  scanner.expect(":", "BU_");
  for (;;) {
    const next = scanner.atLineEnd ? scanner.keyword() === undefined && scanner.peekName() : scanner.peekName();
    if (next === undefined || next === false) break;
    const { line } = scanner;
    const symbol = scanner.name("the name of a node");
    if (!scanner.atLineEnd) scanner.take(",");
    if (symbol === NO_NODE) continue;
    const node: DraftNode = { name: symbol, symbol, attributes: NO_ATTRIBUTES, line };
    nodes.push(node);
    if (!nodesByName.has(symbol)) nodesByName.set(symbol, node);
  }
}

/** `VAL_TABLE_ <name> <n> "<text>" …;` */
export function readValueTable(draft: Draft, line: number): void {
  const name = draft.scanner.name("the name of a value table");
  const valueNames = readValueNames(draft, line);
  draft.valueTables.push({ name, valueNames, line });
  if (!draft.tablesByName.has(name)) draft.tablesByName.set(name, valueNames);
}

/** `VAL_ <id> <signal> <n> "<text>" …;`, `VAL_ <variable> …;`; some files name a table in the place of the values. */
export function readSignalValues(draft: Draft, line: number): void {
  const { scanner } = draft;
  const variable = scanner.peekName();
  if (variable !== undefined) {
    scanner.name("the name of a variable");
    const names = readValueNames(draft, line);
    draft.later(() => {
      const target = draft.findVariable(variable, line);
      if (target !== undefined) target.valueNames = names;
    });
    return;
  }
  const id = readId(scanner);
  const signal = scanner.name("a signal name");
  const table = scanner.peekName();
  if (table !== undefined) scanner.name("the name of a value table");
  const own = table === undefined ? readValueNames(draft, line) : undefined;
  const present = own === undefined ? undefined : draft.messagesById.get(id)?.bySymbol.get(signal);
  if (own !== undefined && present !== undefined) {
    present.valueNames = own;
    return;
  }
  draft.later(() => {
    const names = own ?? draft.tablesByName.get(table ?? "");
    const target = draft.findSignal(id, signal, line);
    if (names === undefined) {
      const why = `there is no value table ${table}; signal ${signal} has no value names`;
      draft.findings.warning("unknown-reference", line, why);
    } else if (target !== undefined) target.valueNames = names;
  });
}

function readValueNames({ scanner, findings }: Draft, line: number): DbcValueNames {
  const names = new Map<DbcNumber, string>();
  while (!scanner.peek(";") && !scanner.atEnd) {
    const value = scanner.number('a value, or ";"');
    const text = scanner.string("the name of a value");
    if (names.has(value))
      findings.warning("duplicate-value", line, `value ${value} is named twice; the first name holds`);
    else names.set(value, text);
  }
  return names;
}

/** `BO_TX_BU_ <id> : <node>,<node>…;` */
export function readTransmitters(draft: Draft, line: number): void {
  const { scanner } = draft;
  const id = readId(scanner);
  scanner.take(":");
  const nodes = readNames(scanner, "the name of a node");
  draft.later(() => {
    const message = draft.findMessage(id, line);
    if (message !== undefined) message.transmitters = nodes;
  });
}

/** Names with commas or blanks between them, up to the semicolon. */
function readNames(scanner: Scanner, what: string): string[] {
  const names: string[] = [];
  while (!scanner.peek(";") && !scanner.atEnd) {
    const name = scanner.name(what);
    if (name !== NO_NODE) names.push(name);
    scanner.take(",");
  }
  return names;
}

/** `EV_ <name>: <type> [<min>|<max>] "<unit>" <initial> <number> <access> <node>,…;` */
export function readEnvironmentVariable(draft: Draft, line: number): void {
  const { scanner } = draft;
  const symbol = scanner.name("the name of a variable");
  scanner.expect(":", "the name of a variable");
  const typeCode = scanner.count("the type of a variable", 0xff);
  const [min, max] = readPair(scanner, "[", "|", "]", "minimum and maximum");
  const variable: DraftEnvironmentVariable = {
    ...{ name: symbol, symbol, typeCode, min, max },
    unit: scanner.string("a unit"),
    initial: scanner.number("an initial value"),
    number: scanner.count("the number of a variable", 0xffff_ffff),
    access: scanner.name("the access to a variable"),
    nodes: readNames(scanner, "the name of a node"),
    attributes: NO_ATTRIBUTES,
    line,
  };
  draft.environmentVariables.push(variable);
  if (!draft.variablesByName.has(symbol)) draft.variablesByName.set(symbol, variable);
}

/** `ENVVAR_DATA_ <name>: <bytes>;` */
export function readDataVariable(draft: Draft, line: number): void {
  const { scanner } = draft;
  const name = scanner.name("the name of a variable");
  scanner.take(":");
  const bytes = scanner.count("a length in bytes", 0xffff_ffff);
  draft.later(() => {
    const variable = draft.findVariable(name, line);
    if (variable !== undefined) variable.dataBytes = bytes;
  });
}

/** `SIG_VALTYPE_ <id> <signal> : <0|1|2>;` */
export function readFloatType(draft: Draft, line: number): void {
  const { scanner, findings } = draft;
  const id = readId(scanner);
  const name = scanner.name("a signal name");
  scanner.take(":");
  const code = scanner.count("a type: 0 (integer), 1 (float32) or 2 (float64)", 3);
  if (code === 0) return;
  draft.later(() => {
    const signal = draft.findSignal(id, name, line);
    if (signal === undefined) return;
    const lengthBits = code === 1 ? 32 : 64;
    if (code > 2 || signal.lengthBits !== lengthBits) {
      const why = `signal ${name} of ${signal.lengthBits} bits cannot be of the type ${code}; it stays an integer`;
      findings.error("float-length", line, why);
    } else signal.type = code === 1 ? "float32" : "float64";
  });
}

/** `SIG_GROUP_ <id> <name> <repetitions> : <signal> <signal> …;` */
export function readSignalGroup(draft: Draft, line: number): void {
  const { scanner } = draft;
  const id = readId(scanner);
  const name = scanner.name("the name of a signal group");
  const repetitions = scanner.count("a number of repetitions", 0xffff_ffff);
  scanner.take(":");
  const signals = readNames(scanner, "a signal name");
  draft.later(() => {
    const message = draft.findMessage(id, line);
    const missing = signals.filter((signal) => message?.bySymbol.has(signal) === false);
    for (const signal of missing) draft.findSignal(id, signal, line);
    message?.signalGroups.push({ name, repetitions, signals, line });
  });
}
