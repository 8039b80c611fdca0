import type { Draft, DraftMessage } from "./draft.js";
import type { DbcAttributes } from "./model.js";

/** Longest name in the statements of a file; longer ones are attributes. */
export const MAX_SYMBOL_LENGTH = 32;

/** Attributes that hold the full names of what has a shortened one, by what has it. */
export const LongNameAttribute = {
  MESSAGE: "SystemMessageLongSymbol",
  SIGNAL: "SystemSignalLongSymbol",
  NODE: "SystemNodeLongSymbol",
  ENVIRONMENT: "SystemEnvVarLongSymbol",
} as const;

interface Named {
  name: string;
  readonly attributes: DbcAttributes;
  readonly line: number;
}

/** Gives everything its full name. */
export function applyLongNames(draft: Draft, messages: readonly DraftMessage[]): void {
  const apply = (object: Named, attribute: string) => {
    const name = object.attributes.get(attribute);
    if (name === undefined || name === "") return;
    if (typeof name === "string" && /^[A-Za-z_]\w*$/.test(name) && name !== "__proto__") object.name = name;
    else {
      const why = `${attribute} of ${object.name} is ${JSON.stringify(String(name))}, which is no identifier`;
      draft.findings.warning("name", object.line, `${why}; it is not used`);
    }
  };
  for (const node of draft.nodes) apply(node, LongNameAttribute.NODE);
  for (const variable of draft.environmentVariables) apply(variable, LongNameAttribute.ENVIRONMENT);
  for (const message of messages) {
    apply(message, LongNameAttribute.MESSAGE);
    for (const signal of message.signals) apply(signal, LongNameAttribute.SIGNAL);
  }
}
