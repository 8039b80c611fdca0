import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describeUio, type IvshmemDevice, type OpenUioOptions, openUio } from "../../../src/uio/index.js";
import { loadKernelModules, rigVariable } from "../kernel-module.js";

/** One machine of the test module, in its own terms: whole pages, and 0 vectors for INTx. */
export interface TestMachine {
  readonly peers: number;
  readonly vectors: number;
  readonly protocol: number;
  readonly rwBytes: number;
  readonly outputBytes: number;
}

/** The Raspberry Pi 4 demo link (Jailhouse, configs/arm64/rpi4.c). */
export const raspberryPi4: TestMachine = { peers: 3, vectors: 0, protocol: 0, rwBytes: 0x9000, outputBytes: 0x2000 };

const NAME = "intercell_uio_test";
const BUS = "/sys/bus/intercell_test";

/** Loads the test module with the given machines, in place of those that were there. */
export function loadModule(machines: readonly TestMachine[]): void {
  unloadModule();
  loadKernelModules("uio");
  const list = (name: string, key: keyof TestMachine) => `${name}=${machines.map((machine) => machine[key]).join(",")}`;
  execFileSync("insmod", [
    rigVariable("INTERCELL_TEST_MODULE"),
    list("peers", "peers"),
    list("vectors", "vectors"),
    list("protocol", "protocol"),
    list("rw_bytes", "rwBytes"),
    list("output_bytes", "outputBytes"),
  ]);
}

export function unloadModule(): void {
  if (existsSync(`/sys/module/${NAME}`)) execFileSync("rmmod", [NAME]);
}

/** What rmmod says if it cannot unload the module. */
export function refusalToUnload(): string {
  return spawnSync("rmmod", [NAME], { encoding: "utf8" }).stderr;
}

/** PCI address of a peer's function; machines count from 0. */
export function addressOf(machine: number, peer: number): string {
  return `${(machine + 1).toString(16).padStart(4, "0")}:00:${peer.toString(16).padStart(2, "0")}.0`;
}

/** Opens a peer's device; the fallback poll is off unless asked for. */
export async function openPeer(machine: number, peer: number, options: OpenUioOptions = {}): Promise<IvshmemDevice> {
  return await openUio(addressOf(machine, peer), { fallbackPollMs: 0, ...options });
}

/** The device node of a peer. */
export function nodeOf(machine: number, peer: number): string {
  return describeUio(addressOf(machine, peer)).path;
}

/** Interrupts towards a peer that found it masked, or were lost on purpose. */
export function lostInterrupts(machine: number, peer: number): number {
  return Number(readFileSync(attribute(machine, peer, "lost"), "utf8"));
}

/** Loses the next interrupts towards a peer, as a masked one does. */
export function loseInterrupts(machine: number, peer: number, count: number): void {
  writeFileSync(attribute(machine, peer, "lose"), `${count}`);
}

/** Takes the driver from a peer, as `jailhouse disable` does. */
export function unbind(machine: number, peer: number): void {
  writeFileSync(`${BUS}/drivers/uio_ivshmem/unbind`, addressOf(machine, peer));
}

export function bind(machine: number, peer: number): void {
  writeFileSync(`${BUS}/drivers/uio_ivshmem/bind`, addressOf(machine, peer));
}

function attribute(machine: number, peer: number, name: string): string {
  return `${BUS}/devices/${addressOf(machine, peer)}/${name}`;
}
