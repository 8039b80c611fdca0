import type { FindingList } from "./finding.js";
import type {
  DbcAttributeDefinition,
  DbcAttributeValue,
  DbcEnvironmentVariable,
  DbcMessage,
  DbcNode,
  DbcRange,
  DbcRelation,
  DbcSignal,
  DbcSignalGroup,
  DbcValueNames,
  DbcValueTable,
} from "./model.js";
import type { DbcNumber } from "./number.js";
import type { Scanner } from "./scanner.js";

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type DraftOf<T> = Omit<Writable<T>, "attributes"> & { readonly attributes: Map<string, DbcAttributeValue> };

export type DraftNode = DraftOf<DbcNode>;
export type DraftEnvironmentVariable = DraftOf<DbcEnvironmentVariable>;

export type DraftSignal = DraftOf<DbcSignal> & {
  /** The k of `m<k>`. */
  multiplexValue?: DbcNumber;
};

export type DraftMessage = Omit<DraftOf<DbcMessage>, "signals" | "signalGroups"> & {
  readonly signals: DraftSignal[];
  readonly signalGroups: DbcSignalGroup[];
  /** Signals by symbol; the first of each. */
  readonly bySymbol: Map<string, DraftSignal>;
};

/** A SG_MUL_VAL_. */
export interface ExtendedMultiplexing {
  readonly signal: string;
  readonly multiplexer: string;
  readonly ranges: readonly DbcRange[];
  readonly line: number;
}

/** An object that a statement is about, by the names in the file. */
export type Reference =
  | { readonly kind: "network" }
  | { readonly kind: "node" | "environment"; readonly name: string }
  | { readonly kind: "message"; readonly id: number }
  | { readonly kind: "signal"; readonly id: number; readonly name: string };

/** What is known of a file while it is read. Sections come in any order, so references are looked up at the end. */
export class Draft {
  readonly findings: FindingList;
  readonly scanner: Scanner;
  version = "";
  bitTiming = "";
  comment: string | undefined;
  readonly attributes = new Map<string, DbcAttributeValue>();
  readonly nodes: DraftNode[] = [];
  readonly valueTables: DbcValueTable[] = [];
  readonly messages: DraftMessage[] = [];
  readonly environmentVariables: DraftEnvironmentVariable[] = [];
  readonly definitions: Writable<DbcAttributeDefinition>[] = [];
  readonly relations: DbcRelation[] = [];
  readonly multiplexings = new Map<DraftMessage, ExtendedMultiplexing[]>();

  /** By the id of the file, with the flag; the first message of each. */
  readonly messagesById = new Map<number, DraftMessage>();
  readonly nodesByName = new Map<string, DraftNode>();
  readonly tablesByName = new Map<string, DbcValueNames>();
  readonly variablesByName = new Map<string, DraftEnvironmentVariable>();
  readonly #definitionsByName = new Map<string, Writable<DbcAttributeDefinition>[]>();
  readonly #later: (() => void)[] = [];

  constructor(scanner: Scanner, findings: FindingList) {
    this.scanner = scanner;
    this.findings = findings;
  }

  /** Does something once all statements are read. */
  later(action: () => void): void {
    this.#later.push(action);
  }

  /** Does what was put off, in the order of the file. */
  finish(): void {
    for (const action of this.#later) action();
    this.#later.length = 0;
  }

  /** The message of an id, or a warning. */
  findMessage(id: number, line: number): DraftMessage | undefined {
    const message = this.messagesById.get(id);
    if (message === undefined) this.#warnOf(`message ${id}`, line);
    return message;
  }

  findSignal(id: number, name: string, line: number): DraftSignal | undefined {
    const message = this.findMessage(id, line);
    const signal = message?.bySymbol.get(name);
    if (message !== undefined && signal === undefined)
      this.#warnOf(`signal ${name} of message ${message.symbol}`, line);
    return signal;
  }

  findVariable(name: string, line: number): DraftEnvironmentVariable | undefined {
    const variable = this.variablesByName.get(name);
    if (variable === undefined) this.#warnOf(`environment variable ${name}`, line);
    return variable;
  }

  /** The object of a reference, which can carry a comment and attributes, or a warning. */
  find(
    reference: Reference,
    line: number,
  ): { comment?: string | undefined; readonly attributes: Map<string, DbcAttributeValue> } | undefined {
    switch (reference.kind) {
      case "network":
        return this;
      case "message":
        return this.findMessage(reference.id, line);
      case "signal":
        return this.findSignal(reference.id, reference.name, line);
      case "environment":
        return this.findVariable(reference.name, line);
      case "node": {
        const node = this.nodesByName.get(reference.name);
        if (node === undefined) this.#warnOf(`node ${reference.name}`, line);
        return node;
      }
    }
  }

  definitionsByName(name: string): readonly Writable<DbcAttributeDefinition>[] {
    if (this.#definitionsByName.size === 0) {
      for (const definition of this.definitions) {
        const others = this.#definitionsByName.get(definition.name) ?? [];
        others.push(definition);
        this.#definitionsByName.set(definition.name, others);
      }
    }
    return this.#definitionsByName.get(name) ?? [];
  }

  #warnOf(what: string, line: number): void {
    this.findings.warning("unknown-reference", line, `there is no ${what}; the statement is left out`);
  }
}
