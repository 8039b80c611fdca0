import ts from "typescript";
import { countLines, lineOf, parse, type Source, type Violation, walk } from "./source.js";

/** Which limits hold for a set of files. Lines are counted with blank ones and comments. */
export interface ShapeLimits {
  readonly fileLines: number;
  /** Undefined: as long as it needs, as for the callback of a suite. */
  readonly functionLines?: number;
}

/** Files and functions that are too long, and the constructs that the house style rules out. */
export function checkShape(sources: readonly Source[], limits: ShapeLimits): Violation[] {
  return sources.flatMap((source) => {
    const file = parse(source);
    const found: Violation[] = [];
    const lines = countLines(source.text);
    if (lines > limits.fileLines) {
      found.push({ path: source.path, line: 1, message: `has ${lines} lines, more than ${limits.fileLines}` });
    }
    walk(file, (node) => {
      const message = complain(node, file, limits);
      if (message !== undefined) {
        found.push({ path: source.path, line: lineOf(file, node.getStart(file)), message });
      }
    });
    return [...found, ...checkComments(source)];
  });
}

function complain(node: ts.Node, file: ts.SourceFile, limits: ShapeLimits): string | undefined {
  if (ts.isEnumDeclaration(node)) {
    return `declares an enum: use a constant object and a type for ${node.name.text}`;
  }
  if (ts.isExportDeclaration(node) && (node.exportClause === undefined || ts.isNamespaceExport(node.exportClause))) {
    return "exports everything of another module: list the names";
  }
  if (isDefaultExport(node)) {
    return "has a default export: export by name";
  }
  if (limits.functionLines !== undefined && ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
    const lines = lineOf(file, node.end) - lineOf(file, node.getStart(file)) + 1;
    if (lines > limits.functionLines) {
      return `has a function of ${lines} lines, more than ${limits.functionLines}`;
    }
  }
  return undefined;
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) {
    return true;
  }
  if (ts.isExportSpecifier(node)) {
    return node.name.text === "default";
  }
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}

const promise = /\b(TODO|FIXME|XXX|HACK)\b/;

/** Comments that put work off. Strings do not count, so a rule may be told in a message. */
function checkComments(source: Source): Violation[] {
  const file = parse(source);
  const found = new Map<number, Violation>();
  const look = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const { pos, end } of ranges ?? []) {
      const word = promise.exec(source.text.slice(pos, end));
      if (word !== null) {
        const line = lineOf(file, pos + word.index);
        found.set(pos, { path: source.path, line, message: `puts work off in a comment: ${word[0]}` });
      }
    }
  };
  const visit = (node: ts.Node): void => {
    look(ts.getLeadingCommentRanges(source.text, node.getFullStart()));
    look(ts.getTrailingCommentRanges(source.text, node.end));
    for (const child of node.getChildren(file)) {
      visit(child);
    }
  };
  visit(file);
  return [...found.values()];
}

/** Statements of an `index.ts` other than re-exports by name. */
export function checkIndex(sources: readonly Source[]): Violation[] {
  const indexes = sources.filter(({ path }) => path.endsWith("/index.ts"));
  return indexes.flatMap((source) => {
    const file = parse(source);
    const others = file.statements.filter((statement) => !isReExport(statement));
    return others.map((statement) => ({
      path: source.path,
      line: lineOf(file, statement.getStart(file)),
      message: "holds something other than a re-export by name",
    }));
  });
}

function isReExport(statement: ts.Statement): boolean {
  return (
    ts.isExportDeclaration(statement) &&
    statement.moduleSpecifier !== undefined &&
    statement.exportClause !== undefined &&
    ts.isNamedExports(statement.exportClause)
  );
}

/** C files without the licence line, and comments in them that put work off. */
export function checkC(sources: readonly Source[]): Violation[] {
  return sources.flatMap((source) => {
    const lines = source.text.split("\n");
    const found: Violation[] = [];
    if (!/^(\/\/|\/\*) SPDX-License-Identifier: MIT( \*\/)?$/.test(lines[0] ?? "")) {
      found.push({ path: source.path, line: 1, message: "does not begin with the SPDX line of the MIT licence" });
    }
    lines.forEach((line, index) => {
      if (promise.test(line)) {
        found.push({ path: source.path, line: index + 1, message: "puts work off in a comment" });
      }
    });
    return found;
  });
}
