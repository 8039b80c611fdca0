import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { jitterProtocol } from "../../src/cli/jitter-protocol.js";
import { encodeAnnouncement } from "../../src/shm/announcement.js";
import { skipUnless } from "../support/skip.js";

const emulator = "qemu-system-aarch64";
const missing = [emulator, "aarch64-linux-gnu-gcc"].find((name) => spawnSync(name, ["--version"]).status !== 0);

/* A cell as Jailhouse would make it, in the memory of QEMU's "virt" board: its RAM begins at 1 GiB. */
const INMATE = 0x4020_0000;
const CELL_REGION = 0x8000_0000;
const PCI_CONFIG = 0x9000_0000;
const SHARED = 0xa000_0000;
const REGISTERS = 0xff00_0000;
const STATE_TABLE_BYTES = 0x1000;
const RW_BYTES = 0x9000;
const SECTION = 0x2000;
const OUTPUTS = STATE_TABLE_BYTES + RW_BYTES;
const PEERS = 3;

const ROOT_EPOCH = 77;
const ROOT_CONTROL = 0x180;
const ROOT_RING = 0x800;
const CAPACITY = 0x800;
const ECHO_SEQUENCE = 1;
const NUMBER = 0x1234_5678;
/** The inmate takes the next epoch of the counter that its section holds. */
const INMATE_EPOCH = 42;

const work = mkdtempSync(join(tmpdir(), "intercell-boot-"));
let machine: ChildProcess | undefined;

afterEach(async () => {
  if (machine?.exitCode === null) {
    machine.kill("SIGKILL");
    await once(machine, "exit");
  }
  rmSync(work, { recursive: true, force: true });
});

function words(bytes: number, values: Record<number, number>): Buffer {
  const memory = Buffer.alloc(bytes);
  for (const [offset, value] of Object.entries(values)) memory.writeUInt32LE(value, Number(offset));
  return memory;
}

/** The communication region: signature, revision 0, base of the PCI configuration space. */
function cellRegion(): Buffer {
  const region = words(0x1000, { 56: PCI_CONFIG });
  region.write("JHCOMM");
  return region;
}

/** One function with a vendor capability at 0x40 (Jailhouse, Documentation/ivshmem-v2-specification.md). */
function pciConfig(): Buffer {
  const device = { 0: 0x4106110a, 4: 0x0010_0000, 8: 0xff00_0000, 52: 0x40 };
  const capability = { 64: 0x0020_0009, 68: STATE_TABLE_BYTES, 72: RW_BYTES, 80: SECTION, 88: SHARED };
  return words(0x1000, { ...device, ...capability });
}

/** What a section's header says first: magic, version and id, size. */
function header(id: number, epochCounter: number): Record<number, number> {
  return { 0: 0x4c454349, 4: 1 | (id << 16), 8: SECTION, 16: epochCounter, 20: PEERS };
}

/** The root cell's section in an open session: it announced its channel and asks for an echo. */
function rootSection(): Buffer {
  const announcement = encodeAnnouncement({
    name: "jitter",
    protocolName: jitterProtocol.name,
    typeHash: jitterProtocol.typeHash,
    latestOffset: 0,
    latestSize: 0,
  });
  const announced = 16 + Math.ceil(announcement.length / 8) * 8;
  const echo = ROOT_RING + announced;
  const section = words(SECTION, {
    ...header(0, ROOT_EPOCH),
    ...{ 272: ROOT_CONTROL, 276: ROOT_RING, 280: CAPACITY, 284: ROOT_EPOCH },
    ...{ [ROOT_CONTROL]: announced + 24, [ROOT_CONTROL + 0x104]: INMATE_EPOCH, [ROOT_CONTROL + 0x108]: INMATE_EPOCH },
    ...{ [ROOT_RING]: 16 + announcement.length, [ROOT_RING + 4]: 5 | (1 << 16) },
    ...{ [echo]: 20, [echo + 4]: 2 | (1 << 16), [echo + 8]: ECHO_SEQUENCE, [echo + 12]: 1, [echo + 16]: NUMBER },
  });
  section.set(announcement, ROOT_RING + 16);
  return section;
}

function sharedMemory(): Buffer {
  const states = words(OUTPUTS, { 0: ROOT_EPOCH });
  return Buffer.concat([states, rootSection(), words(SECTION, header(1, INMATE_EPOCH - 1))]);
}

function boot(): ChildProcess {
  const build = join(import.meta.dirname, "../../examples/bare-metal/jitter/aarch64/build.sh");
  execFileSync(build, [work, `-Wl,--defsym=INMATE_BASE=${INMATE}`], { stdio: ["ignore", "inherit", "inherit"] });
  const load = (name: string, address: number, content: Buffer) => {
    writeFileSync(join(work, name), content);
    return ["-device", `loader,file=${join(work, name)},addr=${address},force-raw=on`];
  };
  return spawn(
    emulator,
    [
      ...["-machine", "virt", "-cpu", "cortex-a72", "-m", "4G", "-display", "none", "-serial", "none"],
      ...["-monitor", "stdio", "-device", `loader,file=${join(work, "jitter.bin")},addr=${INMATE},cpu-num=0`],
      ...load("cell", CELL_REGION, cellRegion()),
      ...load("pci", PCI_CONFIG, pciConfig()),
      ...load("registers", REGISTERS, words(0x1000, { 0: 1, 4: PEERS })),
      ...load("shared", SHARED, sharedMemory()),
    ],
    { stdio: ["pipe", "ignore", "inherit"] },
  );
}

/** A copy of guest memory, once `holds` is true of it. */
async function memory(address: number, bytes: number, holds: (memory: Buffer) => boolean): Promise<Buffer> {
  const file = join(work, "dump");
  for (;;) {
    rmSync(file, { force: true });
    machine?.stdin?.write(`pmemsave ${address} ${bytes} "${file}"\n`);
    await sleep(200);
    const dump = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    if (dump.length === bytes && holds(dump)) return dump;
    if (machine?.exitCode !== null) throw new Error(`${emulator} ended`);
  }
}

/** Kind, sequence and payload of the records that the inmate committed, which do not reach the wrap. */
function records(section: Buffer): { kind: number; sequence: number; payload: Buffer }[] {
  const ring = section.readUInt32LE(0x104);
  const tail = section.readUInt32LE(section.readUInt32LE(0x100));
  const found = [];
  for (let at = ring; at < ring + tail; at += Math.ceil(section.readUInt32LE(at) / 8) * 8) {
    const payload = section.subarray(at + 16, at + section.readUInt32LE(at));
    found.push({ kind: section.readUInt8(at + 4), sequence: section.readUInt32LE(at + 8), payload });
  }
  return found;
}

test(
  "the freestanding inmate joins the root cell when an emulated CPU starts it",
  skipUnless(missing === undefined, `${missing} is missing`),
  async () => {
    machine = boot();
    const outputs = SHARED + OUTPUTS;
    const section = await memory(outputs + SECTION, SECTION, (dump) => records(dump).length >= 4);
    expect(section.readUInt32LE(0x10c)).toBe(INMATE_EPOCH);
    const control = section.readUInt32LE(0x100);
    expect(section.readUInt32LE(control + 0x80)).toBe(rootSection().readUInt32LE(ROOT_CONTROL));
    expect([0x104, 0x108, 0x10c].map((word) => section.readUInt32LE(control + word))).toEqual([
      ROOT_EPOCH,
      ROOT_EPOCH,
      0,
    ]);
    const [announcement, reply, first, second] = records(section);
    expect(announcement).toMatchObject({ kind: 5, sequence: 0 });
    expect(reply).toMatchObject({ kind: 3, sequence: 1 });
    expect([0, 4, 8].map((at) => reply?.payload.readUInt32LE(at))).toEqual([ECHO_SEQUENCE, 0, NUMBER]);
    expect([first, second].map((each) => [each?.kind, each?.payload.readUInt32LE(0)])).toEqual([
      [1, 1],
      [1, 2],
    ]);
    const registers = await memory(REGISTERS, 0x20, () => true);
    expect(registers.readUInt32LE(0x10)).toBe(INMATE_EPOCH);
    const region = await memory(CELL_REGION, 0x40, () => true);
    expect(region.readUInt32LE(8)).toBe(0);
  },
);
