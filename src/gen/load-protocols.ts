import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Protocol } from "../channel/index.js";
import { ErrorCode, IntercellError } from "../errors.js";
import { typeHash } from "../schema/index.js";

/**
 * The protocols that a module exports, by the order of their names; each once, even if it has two names.
 *
 * @param path of an ESM or CommonJS module in JavaScript, or in TypeScript where Node itself takes the types out.
 * @param name of one export, to take that alone.
 * @throws TypeError if the export of that name is no protocol.
 * @throws IntercellError `ERR_UNSUPPORTED` for TypeScript that this Node cannot load; `ERR_CONFIG` if the module does
 * not load or exports no protocol.
 */
export async function loadProtocols(path: string, name?: string): Promise<readonly Protocol[]> {
  requireLoadable(path);
  const exported = await importModule(path);
  if (name !== undefined) {
    const value = exported[name];
    if (isProtocol(value)) return [value];
    throw new TypeError(`The export ${JSON.stringify(name)} of ${path} is no protocol: it ${listProtocols(exported)}`);
  }
  const protocols = new Set(Object.values(exported).filter(isProtocol));
  if (protocols.size > 0) return [...protocols].sort((a, b) => (a.name < b.name ? -1 : 1));
  const advice = "export what defineProtocol() returns";
  throw new IntercellError(ErrorCode.CONFIG, `The module ${path} exports no protocol: ${advice}`, {
    path,
  });
}

function requireLoadable(path: string): void {
  if (!/^\.[cm]?tsx?$/.test(extname(path)) || hasTypeScript()) return;
  const advice = "compile it first, or use Node 22.18 or later";
  throw new IntercellError(
    ErrorCode.UNSUPPORTED,
    `Cannot load ${path} as Node ${process.versions.node} takes compiled JavaScript only: ${advice}`,
    { path },
  );
}

/** Whether Node loads modules written in TypeScript; the property is missing before Node 22. */
function hasTypeScript(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript);
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new IntercellError(
      ErrorCode.CONFIG,
      `Cannot load the module ${path}, which should do nothing but define protocols: ${found}`,
      { path, cause },
    );
  }
}

function listProtocols(exported: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(exported).filter((name) => isProtocol(exported[name]));
  return names.length === 0 ? "exports none" : `exports ${names.join(", ")}`;
}

/**
 * Whether a value is what `defineProtocol` returned, told by its shape and its hash: the module may have loaded another
 * copy of this package than the one that asks.
 */
function isProtocol(value: unknown): value is Protocol {
  if (typeof value !== "object" || value === null) return false;
  const { name, description, typeHash: hash, messages, broadcasts, requests, topics } = value as Partial<Protocol>;
  if (typeof name !== "string" || typeof description !== "string") return false;
  if (![messages, broadcasts, requests, topics].every(Array.isArray)) return false;
  return description.startsWith(`protocol ${name}{`) && hash === typeHash(description);
}
