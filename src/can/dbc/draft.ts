import type { FindingList } from "./finding.js";
import type {
  DbcAttributeDefinition,
  DbcAttributes,
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

/** The node that stands for none. */
export const NO_NODE = "Vector__XXX";

/** The attributes of what has none: most signals of a file. */
export const NO_ATTRIBUTES: DbcAttributes = new Map();

/** What can carry a comment and attributes. */
export interface Target {
  comment?: string | undefined;
  attributes: DbcAttributes;
}

/** Gives an attribute to something. */
export function setAttribute(target: Target, name: string, value: DbcAttributeValue): void {
  // Only this module makes such maps, and keeps the one that is shared as it is.
  if (target.attributes === NO_ATTRIBUTES) target.attributes = new Map([[name, value]]);
  else (target.attributes as Map<string, DbcAttributeValue>).set(name, value);
}

export type DraftNode = Writable<DbcNode>;
export type DraftEnvironmentVariable = Writable<DbcEnvironmentVariable>;

export type DraftSignal = Writable<DbcSignal> & {
  /** The k of `m<k>`. */
  multiplexValue?: DbcNumber;
};

export type DraftMessage = Omit<Writable<DbcMessage>, "signals" | "signalGroups"> & {
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
  attributes: DbcAttributes = NO_ATTRIBUTES;
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
  /** Receivers of signals by how the file has them. */
  readonly receiversByText = new Map<string, readonly string[]>();
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

  /** Does something to what a statement is about: at once if that was declared before, as is usual, or at the end. */
  apply(reference: Reference, line: number, action: (target: Target) => void): void {
    const present = this.#look(reference);
    if (present !== undefined) action(present);
    else {
      this.later(() => {
        const target = this.find(reference, line);
        if (target !== undefined) action(target);
      });
    }
  }

  #look(reference: Reference): Target | undefined {
    switch (reference.kind) {
      case "network":
        return this;
      case "message":
        return this.messagesById.get(reference.id);
      case "signal":
        return this.messagesById.get(reference.id)?.bySymbol.get(reference.name);
      case "environment":
        return this.variablesByName.get(reference.name);
      case "node":
        return this.nodesByName.get(reference.name);
    }
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

  /** The object of a reference, or a warning. */
  find(reference: Reference, line: number): Target | undefined {
    switch (reference.kind) {
      case "message":
        return this.findMessage(reference.id, line);
      case "signal":
        return this.findSignal(reference.id, reference.name, line);
      case "environment":
        return this.findVariable(reference.name, line);
      default: {
        const target = this.#look(reference);
        if (target === undefined && reference.kind === "node") this.#warnOf(`node ${reference.name}`, line);
        return target;
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
