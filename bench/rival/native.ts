import { createRequire } from "node:module";

/** The functions of the addon that make a simulated register page, as src/native.ts declares them. */
interface Addon {
  createMemfd(name: string, sizeBytes: number): number;
  createEventfd(): number;
  simInitialise(hypervisor: number, maxPeers: number, vectors: number, protocol: number): number;
  createSimRegisters(
    hypervisor: number,
    stateTable: number,
    eventfds: readonly number[],
    peer: number,
  ): object | number;
  readRegister(registers: object, offsetBytes: number): number;
}

interface Ffi {
  Library(name: string | null, functions: object): { readonly abs: (value: number) => number };
}

const PAGE_BYTES = 4096;

/** Register MAXIMUM PEERS of the ivshmem v2 specification: reading it has no effect. */
const MAX_PEERS_OFFSET = 0x04;

/** A register read through the addon, which is one call over Node-API. */
export function nodeApiCall(): () => number {
  const load = createRequire(import.meta.url)("node-gyp-build") as (root: string) => Addon;
  const addon = load(process.cwd());
  const hypervisor = addon.createMemfd("bench:hypervisor", PAGE_BYTES);
  const stateTable = addon.createMemfd("bench:state_table", PAGE_BYTES);
  const eventfds = [addon.createEventfd(), addon.createEventfd()];
  addon.simInitialise(hypervisor, eventfds.length, 0, 0);
  const registers = addon.createSimRegisters(hypervisor, stateTable, eventfds, 0);
  if (typeof registers === "number") throw new Error(`The addon makes no register page: ${registers}`);
  return () => addon.readRegister(registers, MAX_PEERS_OFFSET);
}

/** The C library's abs() through ffi-napi: an integer there, an integer back. */
export function ffiCall(): () => number {
  const ffi = createRequire(import.meta.url)("ffi-napi") as Ffi;
  const library = ffi.Library(null, { abs: ["int", ["int"]] });
  return () => library.abs(-2);
}
