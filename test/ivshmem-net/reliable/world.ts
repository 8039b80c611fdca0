import { ReliableSession, type SessionEnd } from "../../../src/ivshmem-net/reliable/session.js";

const HEADROOM = 14;

/** What happens to one frame: how often it arrives, and after how many milliseconds each time. */
export type Fate = () => readonly number[];

/** What one side was told of one session. */
export interface SessionLog {
  /** Numbers of the records that arrived: side and session of the sender in the upper digits. */
  readonly arrived: number[];
  sent: number;
  end: SessionEnd | undefined;
  lost: number;
}

export const options = { headroom: HEADROOM, windowRecords: 8, keepAliveMs: 50, timeoutMs: 400 };

/** One station with its sessions, one behind the other. */
export class Station {
  readonly logs: SessionLog[] = [];
  readonly datagrams: number[] = [];
  session: ReliableSession;
  readonly #world: ReliableWorld;
  readonly #side: 0 | 1;
  rooms = 0;
  /** What this side does once it has room again. */
  onRoom: () => void = () => {};

  constructor(world: ReliableWorld, side: 0 | 1) {
    this.#world = world;
    this.#side = side;
    this.session = this.#start();
  }

  get log(): SessionLog | undefined {
    return this.session.open ? this.logs.at(-1) : undefined;
  }

  /** Sends the next record of the session: its number within it, and which session it is. */
  send(): boolean {
    const { log } = this;
    const record = new Uint8Array(12);
    const view = new DataView(record.buffer);
    view.setUint32(0, this.#side);
    view.setUint32(4, this.logs.length);
    view.setUint32(8, log?.sent ?? 0);
    if (!this.session.send(7, record)) return false;
    (log as SessionLog).sent++;
    return true;
  }

  sendDatagram(value: number): boolean {
    return this.session.sendDatagram(9, Uint8Array.of(value));
  }

  /** The program is killed and started again. */
  restart(): void {
    // Whoever is dead is told nothing.
    const log = this.log;
    if (log !== undefined) log.end = "closed";
    this.session = this.#start();
  }

  #start(): ReliableSession {
    const session: ReliableSession = new ReliableSession(
      { ...options, nextEpoch: () => this.#world.nextEpoch() },
      {
        transmit: (frame) => session !== this.session || this.#world.carry(this.#side, frame.slice(HEADROOM)),
        record: (kind, bytes) => this.#take(kind, bytes),
        datagram: (_kind, bytes) => this.datagrams.push(bytes[0] as number),
        opened: () => this.logs.push({ arrived: [], sent: 0, end: undefined, lost: 0 }),
        ended: (reason, lost) => Object.assign(this.logs.at(-1) as SessionLog, { end: reason, lost }),
        room: () => {
          this.rooms++;
          this.onRoom();
        },
      },
    );
    return session;
  }

  #take(kind: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (kind !== 7 || view.getUint32(0) === this.#side || bytes.length !== 12) throw new Error("This is no record");
    (this.logs.at(-1) as SessionLog).arrived.push(view.getUint32(4) * 1e6 + view.getUint32(8));
  }
}

/** Two stations, what is between them, and the time. */
export class ReliableWorld {
  nowMs = 1000;
  fate: Fate = () => [1];
  /** Frames that a side can send at all until it is given room again. */
  room: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  readonly stations: readonly [Station, Station];
  #epoch = 0;
  #order = 0;
  readonly #underWay: {
    readonly dueMs: number;
    readonly order: number;
    readonly to: 0 | 1;
    readonly bytes: Uint8Array;
  }[] = [];

  constructor() {
    this.stations = [new Station(this, 0), new Station(this, 1)];
  }

  nextEpoch(): number {
    this.#epoch++;
    return this.#epoch;
  }

  carry(from: 0 | 1, bytes: Uint8Array): boolean {
    if (this.room[from] <= 0) return false;
    this.room[from]--;
    for (const delayMs of this.fate()) {
      const to = from === 0 ? 1 : 0;
      this.#underWay.push({ dueMs: this.nowMs + delayMs, order: this.#order++, to, bytes });
    }
    return true;
  }

  /** Puts bytes of any kind before a station. */
  inject(to: 0 | 1, bytes: Uint8Array): void {
    this.stations[to].session.receive(bytes, this.nowMs);
  }

  /** Lets time pass, with all that is due in it. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let steps = 0; ; steps++) {
      if (steps > 100_000) throw new Error("The two do not come to rest");
      this.#underWay.sort((one, other) => one.dueMs - other.dueMs || one.order - other.order);
      const arrivalMs = this.#underWay[0]?.dueMs ?? Number.POSITIVE_INFINITY;
      const dues = this.stations.map(({ session }) => session.dueMs);
      const nextMs = Math.min(arrivalMs, ...dues);
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      const arrival = arrivalMs <= nextMs ? this.#underWay.shift() : undefined;
      if (arrival !== undefined) this.stations[arrival.to].session.receive(arrival.bytes, this.nowMs);
      else for (const { session } of this.stations) if (session.dueMs <= this.nowMs) session.step(this.nowMs);
    }
    this.nowMs = endMs;
  }
}
