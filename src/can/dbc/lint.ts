import { fdDlcOfLength, fdLengthOfDlc, MAX_CLASSIC_LENGTH, MAX_FD_LENGTH } from "../dlc.js";
import { formatId, isExtended } from "../id.js";
import { attributeDefinition, attributeValue, cycleTimeMs, isJ1939Message } from "./attribute.js";
import { type DbcFinding, FindingList } from "./finding.js";
import { lintMultiplexers } from "./lint-multiplexer.js";
import { lintOverlaps } from "./lint-overlap.js";
import { lintSignal } from "./lint-signal.js";
import { MAX_SYMBOL_LENGTH } from "./long-name.js";
import type { Dbc, DbcAttributes, DbcMessage, DbcObject } from "./model.js";

/**
 * What is wrong with a database, or could be better, by line; what `parseDbc()` warned of is not among it. The codes are
 * listed in docs/dbc.md.
 */
export function lintDbc(dbc: Dbc): readonly DbcFinding[] {
  const findings = new FindingList();
  lintNodes(dbc, findings);
  lintMessageNames(dbc, findings);
  const nodes = new Set(dbc.nodes.map((node) => node.symbol));
  for (const message of dbc.messages) {
    lintMessage(dbc, message, findings);
    lintPartners(message, nodes, findings);
    lintSignalNames(message, findings);
    for (const signal of message.signals) lintSignal(dbc, message, signal, findings);
    lintMultiplexers(message, findings);
    lintOverlaps(message, findings);
  }
  lintAttributes(dbc, findings);
  return findings.sorted();
}

function lintNodes({ nodes, valueTables }: Dbc, findings: FindingList): void {
  const duplicates = (things: readonly { readonly name: string; readonly line: number }[], what: string) => {
    const seen = new Set<string>();
    for (const { name, line } of things) {
      if (seen.has(name))
        findings.error(`duplicate-${what.replace(" ", "-")}`, line, `another ${what} is called ${name}`);
      seen.add(name);
    }
  };
  duplicates(nodes, "node");
  duplicates(valueTables, "value table");
}

function lintMessageNames({ messages }: Dbc, findings: FindingList): void {
  const ids = new Map<number, DbcMessage>();
  const names = new Map<string, DbcMessage>();
  for (const message of messages) {
    const { id, name, line } = message;
    const [sameId, sameName] = [ids.get(id), names.get(name)];
    if (sameId === undefined) ids.set(id, message);
    else {
      const why = `message ${name} has the id ${formatId(id)} of ${sameId.name} in line ${sameId.line}`;
      findings.error("duplicate-message-id", line, why);
    }
    if (sameName === undefined) names.set(name, message);
    else findings.error("duplicate-message-name", line, `another message is called ${name}, in line ${sameName.line}`);
  }
}

function lintMessage(dbc: Dbc, message: DbcMessage, findings: FindingList): void {
  const { name, line, lengthBytes } = message;
  lintSymbol(message, "message", findings);
  lintLength(dbc, message, findings);
  lintCycleTime(dbc, message, findings);
  if (message.signals.length === 0 && lengthBytes > 0) {
    findings.info("no-signals", line, `message ${name} has ${lengthBytes} bytes and no signals`);
  }
}

/** Holds senders and receivers against the nodes. */
function lintPartners(message: DbcMessage, nodes: ReadonlySet<string>, findings: FindingList): void {
  const { name, line, sender, transmitters, signals } = message;
  const senders = new Set([...(sender === undefined ? [] : [sender]), ...transmitters]);
  const receivers = new Set(signals.flatMap((signal) => signal.receivers));
  for (const node of [...senders].filter((one) => !nodes.has(one))) {
    findings.warning("unknown-node", line, `message ${name} is sent by ${node}, which is no node`);
  }
  for (const node of [...receivers].filter((one) => !nodes.has(one))) {
    findings.warning("unknown-node", line, `message ${name} has a signal for ${node}, which is no node`);
  }
  if (senders.size === 0) findings.info("no-sender", line, `message ${name} has no sender`);
}

function lintLength(dbc: Dbc, message: DbcMessage, findings: FindingList): void {
  const { name, line, lengthBytes } = message;
  // Longer messages of J1939 go by its transport protocol.
  if (isJ1939Message(dbc, message)) return;
  if (lengthBytes > MAX_FD_LENGTH) {
    findings.error(
      "message-length",
      line,
      `message ${name} has ${lengthBytes} bytes and no frame more than ${MAX_FD_LENGTH}`,
    );
  } else if (lengthBytes > MAX_CLASSIC_LENGTH) {
    const onWire = fdLengthOfDlc(fdDlcOfLength(lengthBytes));
    const why = `message ${name} has ${lengthBytes} bytes, which CAN FD pads to ${onWire}`;
    if (onWire !== lengthBytes) findings.warning("message-length", line, why);
    if (attributeValue(dbc, "VFrameFormat", message) === undefined) {
      findings.info(
        "frame-format",
        line,
        `message ${name} is taken as CAN FD by its length, as it has no VFrameFormat`,
      );
    } else if (!String(attributeValue(dbc, "VFrameFormat", message)).match(/_FD$|^1[45]$/)) {
      findings.error(
        "frame-format",
        line,
        `message ${name} has ${lengthBytes} bytes and a VFrameFormat that is not CAN FD`,
      );
    }
  }
  const format = String(attributeValue(dbc, "VFrameFormat", message) ?? "");
  const wantsExtended = format.startsWith("ExtendedCAN");
  const wantsStandard = format.startsWith("StandardCAN") && message.attributes.has("VFrameFormat");
  if ((wantsExtended && !isExtended(message.id)) || (wantsStandard && isExtended(message.id))) {
    findings.warning(
      "frame-format",
      line,
      `message ${name} has the id ${formatId(message.id)} and the VFrameFormat ${format}`,
    );
  }
}

/** A message is expected to have a cycle if its send type says so, or if the file gives others theirs and it has no send type. */
function lintCycleTime(dbc: Dbc, message: DbcMessage, findings: FindingList): void {
  if (attributeDefinition(dbc, "GenMsgCycleTime") === undefined || cycleTimeMs(dbc, message) !== undefined) return;
  const sendType = attributeValue(dbc, "GenMsgSendType", message);
  if (typeof sendType === "string" && /^cyclic/i.test(sendType)) {
    findings.warning(
      "no-cycle-time",
      message.line,
      `message ${message.name} is sent ${sendType} and has no GenMsgCycleTime`,
    );
  } else if (sendType === undefined) {
    findings.info(
      "no-cycle-time",
      message.line,
      `message ${message.name} has neither GenMsgCycleTime nor GenMsgSendType`,
    );
  }
}

/** Two signals of one name may be there with different values of a multiplexer; otherwise only the first counts. */
function lintSignalNames({ name, signals }: DbcMessage, findings: FindingList): void {
  const seen = new Set<string>();
  for (const signal of signals) {
    lintSymbol(signal, "signal", findings);
    if (seen.has(signal.name)) {
      const why = `another signal of message ${name} is called ${signal.name}`;
      if (signal.multiplexing === undefined) findings.error("duplicate-signal", signal.line, why);
      else findings.warning("duplicate-signal", signal.line, why);
    }
    seen.add(signal.name);
  }
}

function lintSymbol({ symbol, line }: DbcObject, what: string, findings: FindingList): void {
  if (symbol.length <= MAX_SYMBOL_LENGTH) return;
  const why = `the ${what} ${symbol} has ${symbol.length} characters, more than ${MAX_SYMBOL_LENGTH}`;
  findings.warning("name-too-long", line, why);
}

function lintAttributes(dbc: Dbc, findings: FindingList): void {
  const check = (attributes: DbcAttributes, what: string, line: number) => {
    for (const [name, value] of attributes) {
      const type = attributeDefinition(dbc, name)?.type;
      const shown = JSON.stringify(name);
      if (type === undefined)
        findings.warning("undefined-attribute", line, `${what} has ${shown}, which is not defined`);
      else if (type.kind === "enum") {
        const isKnown =
          typeof value === "string" ? type.labels.includes(value) : type.labels[Number(value)] !== undefined;
        if (!isKnown)
          findings.error("attribute-value", line, `${what} has ${shown} of ${value}, which is no label of it`);
      } else if (type.kind !== "string") {
        const isWithin = isUnlimited(type) || ((type.min ?? value) <= value && (type.max ?? value) >= value);
        if (typeof value === "string")
          findings.warning("attribute-value", line, `${what} has ${shown} of a text, not a number`);
        else if (!isWithin)
          findings.warning("attribute-value", line, `${what} has ${shown} of ${value}, out of its range`);
      }
    }
  };
  check(dbc.attributes, "the network", 0);
  for (const node of dbc.nodes) check(node.attributes, `node ${node.name}`, node.line);
  for (const message of dbc.messages) {
    check(message.attributes, `message ${message.name}`, message.line);
    for (const signal of message.signals) check(signal.attributes, `signal ${signal.name}`, signal.line);
  }
  for (const variable of dbc.environmentVariables)
    check(variable.attributes, `variable ${variable.name}`, variable.line);
}

/** `INT 0 0` stands for no limits, as `[0|0]` of a signal does. */
function isUnlimited({ min, max }: { readonly min?: unknown; readonly max?: unknown }): boolean {
  return min === 0 && max === 0;
}
