/** What it costs to lay runs of records into a ring, by one way. */
import { programOptions, report } from "../child.js";
import { nativeWriteRun, scriptWriteRun } from "../rival/ring-addon.js";

export interface RingOptions {
  readonly way: "script" | "native";
  /** Messages of 64 bytes in one run. */
  readonly count: number;
  readonly windowMs: number;
}

const SIZE_BYTES = 64;
const RECORD_BYTES = 80;
const RING_BYTES = 0x80000;
const RUNS_PER_LOOK = 64;

const { way, count, windowMs } = programOptions<RingOptions>();
const writeRun = way === "native" ? nativeWriteRun() : scriptWriteRun();
const ring = new Uint8Array(RING_BYTES);
const payloads = new Uint8Array(SIZE_BYTES * count).fill(1);

function measure(durationMs: number): number {
  const begin = performance.now();
  let offset = 0;
  let sequence = 0;
  while (performance.now() - begin < durationMs) {
    for (let run = 0; run < RUNS_PER_LOOK; run += 1) {
      if (offset + count * RECORD_BYTES > RING_BYTES) offset = 0;
      offset = writeRun(ring, offset, payloads, SIZE_BYTES, count, sequence);
      sequence = (sequence + count) >>> 0;
    }
  }
  return ((performance.now() - begin) * 1e6) / sequence;
}

measure(windowMs / 2);
report({ messageNs: measure(windowMs) });
