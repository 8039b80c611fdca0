import { posix } from "node:path";
import ts from "typescript";
import { lineOf, parse, type Source, type Violation, walk } from "./source.js";

/**
 * The parts of `src`, lowest layer first. A part is a folder, or a file that lies in `src` itself. It may import the
 * parts of lower layers, and of its own layer only what {@link siblings} lists.
 */
export const layers: readonly (readonly string[])[] = [
  ["errors", "emitter"],
  ["native"],
  ["schema"],
  ["channel"],
  ["carried"],
  ["netlink", "bridge"],
  ["uio", "can", "ivshmem-net", "jailhouse"],
  ["shm", "sim", "gen"],
  ["cli"],
  ["index"],
];

/** `importer -> imported` within one layer. */
export const siblings: ReadonlySet<string> = new Set(["sim -> shm", "ivshmem-net -> uio"]);

interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** All modules that a file names: in imports, exports, `import()` calls and `import()` types. */
function importsOf(source: Source): Import[] {
  const file = parse(source);
  const found: Import[] = [];
  walk(file, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) {
      found.push({ specifier: specifier.text, line: lineOf(file, specifier.getStart(file)) });
    }
  });
  return found;
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return asString(node.moduleSpecifier);
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return asString(node.argument.literal);
  }
  if (ts.isCallExpression(node)) {
    const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const isRequire = ts.isIdentifier(node.expression) && node.expression.text === "require";
    return isImport || isRequire ? asString(node.arguments[0]) : undefined;
  }
  return undefined;
}

function asString(node: ts.Node | undefined): ts.StringLiteralLike | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node : undefined;
}

/** The part that a path under `src` belongs to. */
function partOf(path: string): string {
  const [, first = ""] = path.split("/");
  return first.replace(/\.ts$/, "");
}

function layerOf(part: string): number {
  return layers.findIndex((layer) => layer.includes(part));
}

/** The file that a relative specifier names; `.js` stands for the `.ts` it is built from. */
function resolve(importer: string, specifier: string): string {
  return posix.join(posix.dirname(importer), specifier).replace(/\.js$/, ".ts");
}

/** Why one import is not allowed, if so. */
function complain(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) {
    return /^intercell(\/|$)/.test(specifier) ? `imports its own package by name: ${specifier}` : undefined;
  }
  const target = resolve(importer, specifier);
  if (!target.startsWith("src/")) {
    return `imports a file outside src: ${specifier}`;
  }
  const from = partOf(importer);
  const to = partOf(target);
  if (from === to) {
    return undefined;
  }
  if (layerOf(to) < 0) {
    return `imports "${to}", which is in no layer`;
  }
  if (layerOf(to) > layerOf(from)) {
    return `imports upward: "${from}" is below "${to}"`;
  }
  if (layerOf(to) === layerOf(from) && !siblings.has(`${from} -> ${to}`)) {
    return `imports a sibling: "${from}" and "${to}" share a layer`;
  }
  return undefined;
}

/** Imports of `src` that go upward, sideways or out, files in no layer, and cycles. */
export function checkImports(sources: readonly Source[]): Violation[] {
  const violations: Violation[] = [];
  const graph = new Map<string, string[]>();
  for (const source of sources) {
    if (layerOf(partOf(source.path)) < 0) {
      violations.push({ path: source.path, line: 1, message: `lies in no layer: "${partOf(source.path)}"` });
    }
    const imports = importsOf(source);
    for (const { specifier, line } of imports) {
      const message = complain(source.path, specifier);
      if (message !== undefined) {
        violations.push({ path: source.path, line, message });
      }
    }
    const targets = imports.filter(({ specifier }) => specifier.startsWith("."));
    graph.set(
      source.path,
      targets.map(({ specifier }) => resolve(source.path, specifier)),
    );
  }
  return [...violations, ...findCycles(graph)];
}

/** One violation for each import that closes a cycle, named in full. */
function findCycles(graph: ReadonlyMap<string, readonly string[]>): Violation[] {
  const violations: Violation[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const begin = trail.indexOf(path);
    if (begin >= 0) {
      violations.push({ path, line: 1, message: `is in a cycle: ${[...trail.slice(begin), path].join(" -> ")}` });
      return;
    }
    if (done.has(path)) {
      return;
    }
    trail.push(path);
    for (const target of graph.get(path) ?? []) {
      visit(target);
    }
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) {
    visit(path);
  }
  return violations;
}

/** Ways to load compiled code, which `src/native/addon.ts` alone may use. */
export function checkAddonLoading(sources: readonly Source[]): Violation[] {
  const others = sources.filter(({ path }) => path !== "src/native/addon.ts");
  return others.flatMap((source) => {
    const file = parse(source);
    const found: Violation[] = [];
    walk(file, (node) => {
      const isLoader =
        (ts.isStringLiteralLike(node) && (node.text === "node-gyp-build" || node.text.endsWith(".node"))) ||
        (ts.isIdentifier(node) && (node.text === "dlopen" || node.text === "createRequire"));
      if (isLoader) {
        const message = `loads compiled code (${node.getText(file)}), which only src/native/addon.ts may do`;
        found.push({ path: source.path, line: lineOf(file, node.getStart(file)), message });
      }
    });
    return found;
  });
}

/** Imports of an example or a benchmark that a user of the package could not write. */
export function checkPublicImports(sources: readonly Source[]): Violation[] {
  return sources.flatMap((source) =>
    importsOf(source)
      .filter(({ specifier }) => !/^(intercell(\/|$)|node:|\.\/)/.test(specifier))
      .map(({ specifier, line }) => ({
        path: source.path,
        line,
        message: `imports ${specifier}: an example may use intercell, node: modules and its own folder`,
      })),
  );
}
