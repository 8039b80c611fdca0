import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Lays records into a ring; gives the offset behind them. */
export type WriteRun = (
  ring: Uint8Array,
  offset: number,
  payloads: Uint8Array,
  sizeBytes: number,
  count: number,
  sequence: number,
) => number;

const path = join(process.cwd(), ".cache", "bench", "c", "ring_addon.node");

/** Compiles the addon, with Node's headers beside this Node. */
export function buildRingAddon(): void {
  mkdirSync(join(path, ".."), { recursive: true });
  const include = `-I${join(process.execPath, "../../include/node")}`;
  const source = join(process.cwd(), "bench", "c", "ring_addon.c");
  const flags = ["-O2", "-march=native", "-shared", "-fPIC", "-Wall", "-Wextra"];
  execFileSync("cc", [...flags, include, source, "-o", path], { stdio: "inherit" });
}

/** The same in C, by one call, as the package does it (`src/shm/ring-writer.ts`). */
export function nativeWriteRun(): WriteRun {
  return (createRequire(import.meta.url)(path) as { readonly writeRun: WriteRun }).writeRun;
}

/** The same in JavaScript, word by word into typed arrays. */
export function scriptWriteRun(): WriteRun {
  let words: Int32Array = new Int32Array();
  let source: Int32Array = new Int32Array();
  return (ring, offset, payloads, sizeBytes, count, sequence) => {
    if (words.buffer !== ring.buffer) words = new Int32Array(ring.buffer);
    if (source.buffer !== payloads.buffer) source = new Int32Array(payloads.buffer);
    const length = 16 + sizeBytes;
    const stride = ((length + 7) & -8) >> 2;
    const step = sizeBytes >> 2;
    let record = offset >> 2;
    let from = 0;
    for (let index = 0; index < count; index += 1) {
      words[record] = length;
      words[record + 1] = 1;
      words[record + 2] = (sequence + index) | 0;
      words[record + 3] = 0;
      let to = record + 4;
      for (const end = from + step; from < end; from += 1) {
        words[to] = source[from] as number;
        to += 1;
      }
      record += stride;
    }
    return record << 2;
  };
}
