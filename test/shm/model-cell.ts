import { NO_ROOM, type Port, RecordKind } from "../../src/channel/link.js";
import type { Geometry } from "../../src/shm/geometry.js";
import { nextEpoch, startSection } from "../../src/shm/header.js";
import { LatestRegion } from "../../src/shm/latest.js";
import { Control } from "../../src/shm/layout.js";
import { ShmLink } from "../../src/shm/link.js";
import type { LinkHost } from "../../src/shm/link-host.js";
import { type SectionMemory, sectionMemory } from "../../src/shm/memory.js";
import { Hasher } from "./explorer.js";

/** What one life of a cell has told one life of the other, and what of it came out there. */
export interface Conversation {
  readonly from: Life;
  /** Epoch of the life that it is meant for. */
  readonly to: number;
  committed: number;
  /** Records behind whose tail store the sender has come. */
  published: number;
  delivered: number;
  /** Records that the sender reported as lost with the session; undefined while it goes on. */
  lost: number | undefined;
}

/** What is told apart about two lives of one cell. */
export interface Life {
  readonly cell: number;
  readonly epoch: number;
  readonly geometry: Geometry;
}

/** What a cell asks of the machine around it. */
export interface ModelMachine {
  readonly states: number[];
  readonly conversations: Conversation[];
  setState(cell: number, value: number): void;
  interrupt(cell: number): void;
  /** Notes that the wire did not keep a promise; the first one counts. */
  violation(message: string): void;
}

/** How a cell goes about its sleep; the broken one is there to be found out. */
export type SleepHabit = "look again" | "do not look again";

/** How a link between honest cells may go down. */
const DOWN_REASONS: readonly string[] = ["away", "restarted", "peer closed", "closed"];

/** One life of one cell: the real link over a section, run step by step as the waiter of a node would. */
export class ModelCell {
  readonly id: number;
  readonly own: SectionMemory;
  readonly link: ShmLink;
  readonly geometry: Geometry;
  readonly history = new Hasher();
  readonly #machine: ModelMachine;
  readonly #port: Port;
  readonly #payloadBytes: number;
  readonly #state: number;
  readonly #reported: number[];
  readonly #tailIndex: number;
  #epoch = 0;
  #conversation: Conversation | undefined;
  #isOpen = false;
  dead = false;
  /** A turn of the event loop is due, whether or not an interrupt comes. */
  awake = true;
  pending = false;
  /** A send found no room and waits to be told of some. */
  blocked = false;

  /** Starts a life in the section as it is. */
  constructor(
    machine: ModelMachine,
    id: number,
    sections: readonly Int32Array[],
    geometry: Geometry,
    payloadBytes = 16,
  ) {
    this.#machine = machine;
    this.id = id;
    this.geometry = geometry;
    this.#payloadBytes = payloadBytes;
    const peerId = 1 - id;
    this.own = memoryOf(sections, id);
    startSection(this.own, geometry, { vector: 0, heartbeatIntervalMs: 0, randomEpoch: () => 1000 * (id + 1) });
    this.#state = nextEpoch(this.own);
    this.#reported = [...machine.states];
    this.#reported[id] = this.#state;
    machine.setState(id, this.#state);
    const place = geometry.rings[peerId];
    if (place === undefined) throw new Error("A geometry without a ring for the other cell");
    this.#tailIndex = (place.control + Control.tail) / 4;
    const peer = memoryOf(sections, peerId);
    const maxPeers = geometry.maxPeers;
    this.link = new ShmLink(this.#createHost(), {
      ...{ own: this.own, ownId: id, place, peer, peerId, maxPeers, vectors: 1, stallMs: 1000 },
    });
    this.#port = this.#attach();
    this.#listen();
  }

  get life(): Life {
    return { cell: this.id, epoch: this.#epoch, geometry: this.geometry };
  }

  get epoch(): number {
    return this.#epoch;
  }

  get canSend(): boolean {
    return !this.blocked && this.#port.open;
  }

  get isUp(): boolean {
    return this.link.status === "up" && this.#port.open && this.#isOpen;
  }

  /** One turn of the event loop, as the waiter's for `doorbell`: state words, links, then sleep if nothing is there. */
  turn(habit: SleepHabit): void {
    this.awake = false;
    this.pending = false;
    this.#machine.states.forEach((value, cell) => {
      if (value === this.#reported[cell]) return;
      this.#reported[cell] = value;
      if (cell === this.id) {
        this.#reported[cell] = this.#state;
        this.#machine.setState(cell, this.#state);
      } else {
        this.link.peerStateChanged(value);
      }
    });
    this.link.poll();
    const idle = this.link.arm();
    if (!idle && habit === "look again") this.awake = true;
  }

  /** Commits `count` records and publishes them together. */
  send(count: number): void {
    for (let sent = 0; sent < count && !this.blocked && this.#conversation !== undefined; sent += 1) {
      const conversation = this.#conversation;
      const offset = this.#port.claim(this.#payloadBytes);
      if (offset === NO_ROOM) {
        this.blocked = this.link.sendable;
        break;
      }
      const { view } = this.#port;
      view.setUint32(offset, this.#epoch, true);
      view.setUint32(offset + 4, conversation.to, true);
      for (let at = 8; at < this.#payloadBytes; at += 4) view.setUint32(offset + at, conversation.committed, true);
      // Counted first, as the link may publish at once.
      conversation.committed += 1;
      this.#port.commit(RecordKind.data, 7, this.#payloadBytes);
    }
    this.#port.flush();
  }

  /** The cell has stored to a word of its section. */
  stored(index: number): void {
    if (index === this.#tailIndex && this.#conversation !== undefined) {
      this.#conversation.published = this.#conversation.committed;
    }
  }

  #createHost(): LinkHost {
    return {
      deviceName: "model",
      latest: new LatestRegion(0, 0),
      broadcasts: undefined,
      takeNumber: () => 1,
      releaseNumber: () => undefined,
      nextEpoch: () => {
        this.#epoch = nextEpoch(this.own);
        return this.#epoch;
      },
      peerState: (peer) => this.#machine.states[peer] as number,
      ring: (peer) => this.#machine.interrupt(peer),
      ringAll: () => undefined,
      attend: () => {
        this.awake = true;
      },
      removed: () => undefined,
    };
  }

  #attach(): Port {
    return this.link.attach({
      ...{ name: "c", protocolName: "p", typeHash: 1n, topicSizes: [] },
      handler: {
        record: (_kind, _message, _sequence, view, offset, length) => this.#record(view, offset, length),
        broadcast: () => undefined,
        opened: () => {
          this.#isOpen = true;
        },
        lost: () => {
          this.#isOpen = false;
          this.blocked = false;
        },
        mismatched: () => this.#machine.violation("equal types do not match"),
        room: () => {
          this.blocked = false;
          this.awake = true;
        },
      },
    });
  }

  #listen(): void {
    this.link.events.on("up", ({ epoch, resumed }) => {
      if (resumed) return;
      this.#conversation = { from: this.life, to: epoch, committed: 0, published: 0, delivered: 0, lost: undefined };
      this.#machine.conversations.push(this.#conversation);
    });
    this.link.events.on("down", ({ reason, resumable, lost }) => {
      if (!DOWN_REASONS.includes(reason)) this.#machine.violation(`cell ${this.id} went down as ${reason}`);
      if (resumable || this.#conversation === undefined) return;
      this.#conversation.lost = lost;
      this.#conversation = undefined;
    });
    this.link.events.on("error", (error) => this.#machine.violation(`cell ${this.id} reports: ${error.message}`));
  }

  #record(view: DataView, offset: number, length: number): boolean {
    const from = view.getUint32(offset, true);
    const to = view.getUint32(offset + 4, true);
    const found = this.#machine.conversations.find((each) => each.from.epoch === from && each.to === to);
    if (found === undefined || to !== this.#epoch || length !== this.#payloadBytes) {
      this.#machine.violation(`cell ${this.id} (${this.#epoch}) was given a record of ${from} for ${to}`);
      return true;
    }
    for (let at = 8; at < length; at += 4) {
      const counter = view.getUint32(offset + at, true);
      if (counter !== found.delivered) {
        this.#machine.violation(`cell ${this.id} was given record ${counter} of ${from}, wanted ${found.delivered}`);
      }
    }
    if (found.delivered >= found.published) this.#machine.violation(`record ${found.delivered} was not published`);
    found.delivered += 1;
    return true;
  }
}

function memoryOf(sections: readonly Int32Array[], id: number): SectionMemory {
  return sectionMemory(new Uint8Array((sections[id] as Int32Array).buffer));
}
