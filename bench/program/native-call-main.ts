/** What one call from JavaScript into C costs. */
import { programOptions, report } from "../child.js";
import { ffiCall, nodeApiCall } from "../rival/native.js";

export interface NativeCallOptions {
  readonly way: "node-api" | "ffi";
  readonly windowMs: number;
}

const CALLS_PER_LOOK = 100;

function measure(call: () => number, durationMs: number): number {
  const begin = performance.now();
  let calls = 0;
  let sum = 0;
  for (; performance.now() - begin < durationMs; calls += CALLS_PER_LOOK) {
    for (let index = 0; index < CALLS_PER_LOOK; index += 1) sum += call();
  }
  if (sum !== 2 * calls) throw new Error(`The calls gave ${sum}, wanted ${2 * calls}`);
  return ((performance.now() - begin) * 1e6) / calls;
}

const { way, windowMs } = programOptions<NativeCallOptions>();
const call = way === "ffi" ? ffiCall() : nodeApiCall();
measure(call, windowMs / 2);
report({ callNs: measure(call, windowMs) });
