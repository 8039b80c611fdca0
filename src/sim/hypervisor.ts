import {
  closeDescriptor,
  createEventfd,
  createMemfd,
  type Descriptor,
  mapMemory,
  reopenReadOnly,
  type SimHypervisor,
  type SimPeerReport,
  simAttach,
  simClose,
  simDetach,
  simInitialise,
  simInspect,
  simOpen,
  unmapMemory,
} from "../native.js";
import { type DeviceGeometry, PAGE_BYTES } from "./geometry.js";

/** What the hypervisor knows of one peer of a device. */
export interface PeerInspection extends SimPeerReport {
  /** The peer's word in the state table. */
  readonly state: number;
}

/** One ivshmem device as its hypervisor holds it: its memory, its interrupt lines and who is plugged in. */
export class HypervisorDevice {
  readonly geometry: DeviceGeometry;
  readonly #open: Descriptor[] = [];
  readonly #hypervisor: Descriptor;
  readonly #stateTable: Descriptor;
  readonly #stateTableReadOnly: Descriptor;
  readonly #eventfds: readonly Descriptor[];
  readonly #rwSection: Descriptor | undefined;
  readonly #outputs: readonly { readonly writable: Descriptor; readonly readOnly: Descriptor }[];
  readonly #handle: SimHypervisor;
  readonly #states: Uint32Array<ArrayBuffer>;

  /** @param label Prefix of the names that the memory has in /proc/<pid>/maps. */
  constructor(label: string, geometry: DeviceGeometry) {
    const { peers, vectors, protocol, stateTableBytes, rwBytes, outputBytes } = geometry;
    const memory = (part: string, sizeBytes: number) => this.#own(createMemfd(`${label}:${part}`, sizeBytes));
    const ofEachPeer = <T>(make: (peer: number) => T) => Array.from({ length: peers }, (_, peer) => make(peer));
    this.geometry = geometry;
    this.#hypervisor = memory("hypervisor", PAGE_BYTES);
    this.#stateTable = memory("state_table", stateTableBytes);
    this.#stateTableReadOnly = this.#own(reopenReadOnly(this.#stateTable));
    this.#eventfds = ofEachPeer(() => this.#own(createEventfd()));
    this.#rwSection = rwBytes > 0 ? memory("rw_section", rwBytes) : undefined;
    this.#outputs = outputBytes === 0 ? [] : ofEachPeer((peer) => this.#output(memory(`output_${peer}`, outputBytes)));
    simInitialise(this.#hypervisor, { maxPeers: peers, vectors, protocol });
    this.#handle = simOpen({
      hypervisor: this.#hypervisor,
      stateTable: this.#stateTable,
      eventfds: this.#eventfds,
    });
    this.#states = new Uint32Array(mapMemory(this.#stateTableReadOnly, { sizeBytes: stateTableBytes }), 0, peers);
  }

  /** Plugs in the cell that is `peer`. Returns what it needs, in the order of a welcome (see wire.ts). */
  attach(peer: number): readonly Descriptor[] {
    simAttach(this.#handle, peer);
    return [
      this.#hypervisor,
      this.#stateTable,
      this.#stateTableReadOnly,
      ...this.#eventfds,
      ...(this.#rwSection === undefined ? [] : [this.#rwSection]),
      ...this.#outputs.map((output) => output.readOnly),
      ...this.#outputs.filter((_, index) => index === peer).map((output) => output.writable),
    ];
  }

  /** Unplugs `peer`. Its state word becomes 0 and the others are interrupted, unless it is a crash. */
  detach(peer: number, options: { readonly keepState: boolean }): void {
    simDetach(this.#handle, peer, options.keepState);
  }

  /** Racy while cells run. */
  inspect(): readonly PeerInspection[] {
    return simInspect(this.#handle).map((report, peer) => ({ ...report, state: this.#states[peer] ?? 0 }));
  }

  /** Frees the memory as far as this process holds it; cells keep what they mapped. */
  close(): void {
    simClose(this.#handle);
    unmapMemory(this.#states.buffer);
    for (const descriptor of this.#open.splice(0)) closeDescriptor(descriptor);
  }

  #output(writable: Descriptor) {
    return { writable, readOnly: this.#own(reopenReadOnly(writable)) };
  }

  #own(descriptor: Descriptor): Descriptor {
    this.#open.push(descriptor);
    return descriptor;
  }
}
