import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Control, HEARTBEAT_OFFSET } from "../../src/shm/layout.js";

/** Sections of a machine after one step of a scenario: see test/vectors/wire-v1/README.md. */
interface Step {
  readonly name: string;
  readonly states: readonly number[];
  /** By peer id: hexadecimal lines of 128 bytes by their offset, those left out being zero. */
  readonly sections: readonly Readonly<Record<string, string>>[];
}

interface Scenario {
  readonly sectionSize: number;
  readonly maxPeers: number;
  readonly epochCounters: readonly [number, number];
  readonly heartbeatMs: number;
  readonly channel: {
    readonly name: string;
    readonly protocol: string;
    readonly hash: string;
    readonly topics: readonly number[];
  };
  readonly steps: readonly Step[];
}

const path = fileURLToPath(new URL("../vectors/wire-v1/scenario.json", import.meta.url));

export const scenario = JSON.parse(readFileSync(path, "utf8")) as Scenario;

/** The section of a peer after a step. */
export function vectorOf(name: string, peer: number): Uint8Array {
  const step = scenario.steps.find((one) => one.name === name);
  if (step === undefined) throw new RangeError(`There is no step ${name} in ${path}`);
  const section = new Uint8Array(scenario.sectionSize);
  for (const [offset, line] of Object.entries(step.sections[peer] ?? {})) {
    section.set(Buffer.from(line, "hex"), Number(offset));
  }
  return section;
}

/**
 * The bytes by line as the vectors have them, without what is free: the heartbeat, and the counter in wake words, which lie in
 * the control blocks at `controls`.
 */
export function comparable(section: Uint8Array, controls: readonly number[]): Readonly<Record<string, string>> {
  const copy = Buffer.from(section);
  copy.writeUInt32LE(0, HEARTBEAT_OFFSET);
  for (const control of controls) {
    const wake = control + Control.wake;
    copy.writeUInt32LE(copy.readUInt32LE(wake) & 3, wake);
  }
  const lines: Record<string, string> = {};
  for (let offset = 0; offset < copy.length; offset += 128) {
    const line = copy.toString("hex", offset, offset + 128);
    if (/[^0]/.test(line)) lines[offset] = line;
  }
  return lines;
}
