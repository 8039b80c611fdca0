import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { root } from "../architecture/source.js";

/** The protocol of the demo's inmate, as a user's module. */
export const jitterModule = join(root, "dist/cli/jitter-protocol.js");

/** Writes a file into a folder of its own that is gone after the test; gives its path. */
export function writeTemporary(name: string, content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), "intercell-bridge-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}
