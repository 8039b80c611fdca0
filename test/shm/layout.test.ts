import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RecordKind } from "../../src/channel/link.js";
import { FaultCode } from "../../src/shm/fault.js";
import { epochIndex } from "../../src/shm/header.js";
import * as layout from "../../src/shm/layout.js";
import { sectionMemory } from "../../src/shm/memory.js";
import { skipUnless } from "../support/skip.js";

const include = join(import.meta.dirname, "../../native/include");

/** What each expression of the C headers is, as this side has it. */
const numbers: Readonly<Record<string, number>> = {
  INTERCELL_MAGIC: layout.MAGIC,
  INTERCELL_WIRE_VERSION: layout.WIRE_VERSION,
  INTERCELL_LINE: layout.LINE_BYTES,
  INTERCELL_HEADER_MAGIC: layout.Header.magic,
  INTERCELL_HEADER_VERSION_ID: layout.Header.version,
  INTERCELL_HEADER_SECTION_SIZE: layout.Header.sectionSize,
  INTERCELL_HEADER_FLAGS: layout.Header.flags,
  INTERCELL_HEADER_EPOCH_COUNTER: layout.Header.epochCounter,
  INTERCELL_HEADER_PEERS_VECTOR: layout.Header.maxPeers,
  INTERCELL_HEADER_LATEST_OFFSET: layout.Header.latestOffset,
  INTERCELL_HEADER_LATEST_SIZE: layout.Header.latestSize,
  INTERCELL_HEADER_BROADCAST_CONTROL: layout.Header.broadcastControl,
  INTERCELL_HEADER_BROADCAST_RING: layout.Header.broadcastRing,
  INTERCELL_HEADER_BROADCAST_CAPACITY: layout.Header.broadcastCapacity,
  INTERCELL_HEADER_HEARTBEAT_MS: layout.Header.heartbeatIntervalMs,
  INTERCELL_HEADER_ZERO: layout.Header.reserved,
  INTERCELL_HEARTBEAT: layout.HEARTBEAT_OFFSET,
  INTERCELL_DIRECTORY: layout.DIRECTORY_OFFSET,
  INTERCELL_DIRECTORY_ENTRY: layout.DIRECTORY_ENTRY_BYTES,
  INTERCELL_ENTRY_CONTROL: layout.DirectoryEntry.control,
  INTERCELL_ENTRY_RING: layout.DirectoryEntry.ring,
  INTERCELL_ENTRY_CAPACITY: layout.DirectoryEntry.capacity,
  INTERCELL_ENTRY_EPOCH: layout.DirectoryEntry.epoch,
  INTERCELL_CONTROL_TAIL: layout.Control.tail,
  INTERCELL_CONTROL_HEAD: layout.Control.head,
  INTERCELL_CONTROL_WAKE: layout.Control.wake,
  INTERCELL_CONTROL_ECHO: layout.Control.echo,
  INTERCELL_CONTROL_OPEN: layout.Control.open,
  INTERCELL_CONTROL_FAULT: layout.Control.fault,
  INTERCELL_CONTROL_SIZE: layout.CONTROL_BYTES,
  INTERCELL_BROADCAST_INTENT: layout.Broadcast.intent,
  INTERCELL_BROADCAST_TAIL: layout.Broadcast.tail,
  INTERCELL_BROADCAST_LATEST: layout.Broadcast.latest,
  INTERCELL_CAPACITY_MIN: layout.MIN_RING_BYTES,
  INTERCELL_CAPACITY_MAX: layout.MAX_RING_BYTES,
  INTERCELL_RECORD_HEADER: layout.RECORD_HEADER_BYTES,
  INTERCELL_KIND_PAD: layout.PAD_KIND,
  INTERCELL_SLOT_SEQUENCE: layout.Slot.sequence,
  INTERCELL_SLOT_LENGTH: layout.Slot.length,
  INTERCELL_SLOT_VALUE: layout.SLOT_HEADER_BYTES,
  INTERCELL_SLOT_ALIGN: layout.SLOT_ALIGN_BYTES,
  INTERCELL_WAKE_COMMIT: layout.WakeBit.data,
  INTERCELL_WAKE_ACKNOWLEDGE: layout.WakeBit.room,
  ...named("KIND", RecordKind),
  ...named("FAULT", FaultCode),
  ...Object.fromEntries(
    [2, 3, 8, 9, 12].map((peers) => [`intercell_directory_end(${peers})`, layout.fixedBytes(peers)]),
  ),
  ...Object.fromEntries([0, 1, 11].map((peer) => [`intercell_entry(${peer}) + 12u`, 4 * epochIndex(peer)])),
};

function named(prefix: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`INTERCELL_${prefix}_${name.toUpperCase()}`, value]),
  );
}

function hasCompiler(): boolean {
  try {
    execFileSync("gcc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What a C program says that the expressions are. */
function readFromC(expressions: readonly string[]): Record<string, number> {
  const folder = mkdtempSync(join(tmpdir(), "intercell-layout-"));
  try {
    const source = join(folder, "numbers.c");
    const program = join(folder, "numbers");
    const lines = expressions.map((each) => `\tprintf("%lu\\n", (unsigned long)(${each}));`);
    const includes = "#include <stdio.h>\n#include <intercell/wire.h>\n";
    writeFileSync(source, `${includes}int main(void)\n{\n${lines.join("\n")}\n\treturn 0;\n}\n`);
    execFileSync("gcc", ["-std=c11", `-I${include}`, "-o", program, source]);
    const values = execFileSync(program, { encoding: "utf8" }).trim().split("\n").map(Number);
    return Object.fromEntries(expressions.map((each, index) => [each, values[index] as number]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the layout", () => {
  test("is that of the C headers, number by number", skipUnless(hasCompiler(), "gcc is missing"), () => {
    expect(readFromC(Object.keys(numbers))).toEqual(numbers);
  });

  test.each([
    [0, 128, 0],
    [1, 128, 128],
    [128, 128, 128],
    [2 ** 40 + 1, 8, 2 ** 40 + 8],
  ])("alignUp(%d, %d) is %d", (value, align, expected) => {
    expect(layout.alignUp(value, align)).toBe(expected);
  });

  test.each([
    [0, 0],
    [0.5, 0],
    [1, 1],
    [255, 128],
    [2 ** 30, 2 ** 30],
    [2 ** 31 - 1, 2 ** 30],
  ])("powerOfTwoBelow(%d) is %d", (value, expected) => {
    expect(layout.powerOfTwoBelow(value)).toBe(expected);
  });

  test("sectionMemory() throws RangeError when a section does not lie on multiples of 8", () => {
    expect(() => sectionMemory(new Uint8Array(new ArrayBuffer(64), 4, 8))).toThrow(RangeError);
    expect(() => sectionMemory(new Uint8Array(12))).toThrow(RangeError);
  });
});
