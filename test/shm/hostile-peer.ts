import { type Geometry, partitionSection } from "../../src/shm/geometry.js";
import { epochIndex, startSection } from "../../src/shm/header.js";
import { CONTROL_BYTES, Control } from "../../src/shm/layout.js";
import { type SectionMemory, sectionMemory } from "../../src/shm/memory.js";
import type { MemoryDevice, MemoryMachine } from "../support/memory-device.js";

/** Epoch that {@link HostilePeer} takes first. */
const FIRST_EPOCH = 500;

/** A peer that speaks the wire word by word, as it likes: no session, no checks, just its section. */
export class HostilePeer {
  readonly memory: SectionMemory;
  readonly geometry: Geometry;
  readonly #device: MemoryDevice;
  readonly #victim: SectionMemory;
  readonly #victimId: number;
  readonly #victimControl: number;
  readonly #control: number;
  #epoch = FIRST_EPOCH;
  #tail = 0;
  #sequence = 0;

  /** Lays out the section of `id` as an honest peer would, with no link to anybody. */
  constructor(machine: MemoryMachine, id: number, victimId: number, victimGeometry: Geometry) {
    this.#device = machine.open(id);
    this.memory = sectionMemory(machine.outputs[id] as Uint8Array);
    this.geometry = partitionSection(this.memory.bytes.length, machine.peers, id);
    this.restoreLayout();
    this.#victim = sectionMemory(machine.outputs[victimId] as Uint8Array);
    this.#victimId = victimId;
    this.#victimControl = (victimGeometry.rings[id]?.control ?? 0) / 4;
    this.#control = (this.geometry.rings[victimId]?.control ?? 0) / 4;
    this.#device.setState(1);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Offset of the own ring to the victim. */
  get ring(): number {
    return this.geometry.rings[this.#victimId]?.ring ?? 0;
  }

  get capacity(): number {
    return this.geometry.rings[this.#victimId]?.capacity ?? 0;
  }

  /** Why the victim refuses this peer, and the low 24 bits of the epoch that it refuses. */
  get fault(): { readonly code: number; readonly epoch: number } {
    const word = this.#victim.words[this.#victimControl + Control.fault / 4] as number;
    return { code: word & 0xff, epoch: word >>> 8 };
  }

  /** Writes header and directory as an honest peer would. */
  restoreLayout(): void {
    startSection(this.memory, this.geometry, { vector: 0, heartbeatIntervalMs: 0, randomEpoch: () => FIRST_EPOCH });
  }

  /** Takes the next epoch, without a word about the one before. */
  restart(): void {
    this.#epoch += 1;
    this.#tail = 0;
    this.#sequence = 0;
    for (let index = 0; index < CONTROL_BYTES / 4; index += 1) this.memory.words[this.#control + index] = 0;
    this.memory.words[epochIndex(this.#victimId)] = this.#epoch;
  }

  /** Brings a session up, with `poll` to let the victim look. */
  shakeHands(poll: () => void): void {
    this.restart();
    poll();
    this.answer();
    poll();
  }

  /** Accepts the victim's epoch, without a look at its section. */
  answer(): void {
    const epoch = this.#victim.words[epochIndex(this.#device.id)] as number;
    this.word(Control.echo, epoch);
    this.word(Control.open, epoch);
  }

  /** Stores a word of the control block for the victim. */
  word(offset: number, value: number): void {
    this.memory.words[this.#control + offset / 4] = value;
  }

  /** Writes a record to the ring, with any of its fields changed, and publishes it. */
  send(kind: number, channel: number, payload: readonly number[] = [], change: Partial<RecordFields> = {}): void {
    const fields: RecordFields = {
      ...{ length: 16 + payload.length, kind, flags: 0, channel, sequence: this.#sequence, message: 0, reserved: 0 },
      ...change,
    };
    const at = this.ring + (this.#tail & (this.capacity - 1));
    const { view, bytes } = this.memory;
    view.setUint32(at, fields.length, true);
    view.setUint8(at + 4, fields.kind);
    view.setUint8(at + 5, fields.flags);
    view.setUint16(at + 6, fields.channel, true);
    view.setUint32(at + 8, fields.sequence, true);
    view.setUint16(at + 12, fields.message, true);
    view.setUint16(at + 14, fields.reserved, true);
    bytes.set(payload, at + 16);
    this.#sequence += 1;
    this.publish((16 + payload.length + 7) & -8);
  }

  /** Moves the tail on by so many bytes. */
  publish(bytes: number): void {
    this.#tail += bytes;
    this.word(Control.tail, this.#tail);
  }
}

interface RecordFields {
  readonly length: number;
  readonly kind: number;
  readonly flags: number;
  readonly channel: number;
  readonly sequence: number;
  readonly message: number;
  readonly reserved: number;
}
