import { requireKnownKeys } from "../errors.js";
import { addon, checked } from "./addon.js";
import type {
  Descriptor,
  Registers,
  SimDescriptors,
  SimGeometry,
  SimHypervisor,
  SimPeerReport,
  SimRegistersOptions,
} from "./types.js";

interface Addon {
  createSimRegisters(
    hypervisor: Descriptor,
    stateTable: Descriptor,
    eventfds: readonly Descriptor[],
    peer: number,
  ): Registers | number;
  simInitialise(hypervisor: Descriptor, maxPeers: number, vectors: number, protocol: number): number;
  simOpen(hypervisor: Descriptor, stateTable: Descriptor, eventfds: readonly Descriptor[]): SimHypervisor | number;
  simAttach(handle: SimHypervisor, peer: number): number;
  simDetach(handle: SimHypervisor, peer: number, keepState: boolean): number;
  simInspect(handle: SimHypervisor): SimPeerReport[] | number;
  simClose(handle: SimHypervisor): void;
}

/** The register page of a simulated device: what a store to it does is executed here, as a hypervisor's trap would. */
export function createSimRegisters(options: SimRegistersOptions): Registers {
  requireKnownKeys("createSimRegisters", options, ["hypervisor", "stateTable", "eventfds", "peer"]);
  const { hypervisor, stateTable, eventfds, peer } = options;
  const result = addon<Addon>().createSimRegisters(hypervisor, stateTable, eventfds, peer);
  return checked(result, { syscall: "mmap", wanted: `make the simulated register page of peer ${peer}` });
}

/** Prepares the hypervisor page of one simulated device. Resets every peer. */
export function simInitialise(hypervisor: Descriptor, geometry: SimGeometry): void {
  requireKnownKeys("simInitialise", geometry, ["maxPeers", "vectors", "protocol"]);
  const result = addon<Addon>().simInitialise(hypervisor, geometry.maxPeers, geometry.vectors, geometry.protocol);
  checked(result, { syscall: "mmap", wanted: "prepare the simulated hypervisor page" });
}

/** Opens a prepared device as its hypervisor. */
export function simOpen(options: SimDescriptors): SimHypervisor {
  requireKnownKeys("simOpen", options, ["hypervisor", "stateTable", "eventfds"]);
  const result = addon<Addon>().simOpen(options.hypervisor, options.stateTable, options.eventfds);
  return checked(result, { syscall: "mmap", wanted: "open the simulated device" });
}

/**
 * Plugs a cell in: masked, with no interrupt pending. Its state word is left as it stands.
 *
 * @throws IntercellError `EBUSY` if the peer is attached.
 */
export function simAttach(handle: SimHypervisor, peer: number): void {
  checked(addon<Addon>().simAttach(handle, peer), { syscall: "attach", wanted: `attach peer ${peer}` });
}

/**
 * Unplugs a cell: finishes a delivery it was killed in and, unless `keepState` (a crash that no one has cleaned up),
 * zeroes its state, which interrupts the others if it was not 0. Idempotent.
 */
export function simDetach(handle: SimHypervisor, peer: number, keepState: boolean): void {
  checked(addon<Addon>().simDetach(handle, peer, keepState), { syscall: "detach", wanted: `detach peer ${peer}` });
}

/** What the hypervisor knows of each peer, by id. Racy while cells run. */
export function simInspect(handle: SimHypervisor): SimPeerReport[] {
  return checked(addon<Addon>().simInspect(handle), { syscall: "inspect", wanted: "inspect the simulated device" });
}

/** Unmaps the hypervisor's side. Idempotent; using the handle afterwards is `EBADF`. */
export function simClose(handle: SimHypervisor): void {
  addon<Addon>().simClose(handle);
}
