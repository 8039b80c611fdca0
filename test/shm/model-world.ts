import type { Geometry } from "../../src/shm/geometry.js";
import { Hasher, type Run } from "./explorer.js";
import { type AccessKind, setAtomicHook } from "./hooked-atomic.js";
import { type Conversation, ModelCell, type ModelMachine, type SleepHabit } from "./model-cell.js";

export const MODEL_SECTION_BYTES = 1536;

/** What may happen in a scenario; each thing once in every order and at every place that it can. */
export interface Scenario {
  /** Records that each cell sends, over all its lives. */
  readonly sends: readonly [number, number];
  /** Records committed together. @defaultValue 1 */
  readonly batch?: number;
  /** @defaultValue 16 */
  readonly payloadBytes?: number;
  /** The lives of each cell, one after the other: killed anywhere, started again on the same memory. */
  readonly lives: readonly [readonly Geometry[], readonly Geometry[]];
  /** Cell 1 is killed anywhere and does not come back. */
  readonly stops?: boolean;
  /** Cell 1 closes its link in good order, and does not come back. */
  readonly closes?: boolean;
  /** Some other program opens and closes the device of cell 1: its state word becomes 0. */
  readonly strays?: number;
  /**
   * How often a cell may be stopped between two accesses of shared memory while the other takes a step. Kills between
   * two accesses count as well. @defaultValue 0
   */
  readonly preemptions?: number;
  /** A defect, to see that it is found: what an observation of a cell yields instead of `value`. */
  readonly mutate?: (cell: ModelCell, words: Int32Array, index: number, value: number) => number;
  readonly sleep?: SleepHabit;
}

/** What the wire promises does not hold, with the steps that led there. */
export class Violation extends Error {
  override readonly name = "Violation";
}

const KILLED = Symbol("killed");

/** A machine with two cells that talk, in all the ways in which a scenario may go. */
export class ModelWorld implements ModelMachine {
  readonly states = [0, 0];
  readonly conversations: Conversation[] = [];
  readonly #scenario: Scenario;
  readonly #run: Run;
  readonly #sections: readonly Int32Array[] = [0, 1].map(() => new Int32Array(MODEL_SECTION_BYTES / 4));
  readonly #cells: ModelCell[] = [];
  readonly #sendsLeft: number[];
  readonly #livesUsed = [1, 1];
  readonly #script: string[] = [];
  /** Kept until the step is over, as listeners and handlers are not to throw. */
  #violation: Violation | undefined;
  #stopsLeft: number;
  #closesLeft: number;
  #straysLeft: number;
  #preemptionsLeft: number;
  #starting = -1;
  /** Cells in the middle of a step, the innermost last. */
  readonly #running: number[] = [];

  constructor(scenario: Scenario, run: Run) {
    this.#scenario = scenario;
    this.#run = run;
    this.#sendsLeft = [...scenario.sends];
    this.#stopsLeft = scenario.stops === true ? 1 : 0;
    this.#closesLeft = scenario.closes === true ? 1 : 0;
    this.#straysLeft = scenario.strays ?? 0;
    this.#preemptionsLeft = scenario.preemptions ?? 0;
  }

  /** Lets everything happen until nothing more does, then holds the end against what the wire promises. */
  play(): void {
    setAtomicHook({
      before: (kind, words) => this.#before(kind, words),
      observed: (words, index, value) => this.#observed(words, index, value),
      published: (words, index, value) => this.#published(words, index, value),
    });
    try {
      this.#start(0);
      this.#start(1);
      for (let count = 0; ; count += 1) {
        this.#run.visit(this.#key());
        const steps = this.#steps([0, 1]);
        if (steps.length === 0) break;
        if (count > 200) this.violation("the cells do not come to rest");
        (steps[this.#run.choose(steps.length)] as Step).act();
        if (this.#violation !== undefined) throw this.#violation;
      }
      this.#checkEnd();
      if (this.#violation !== undefined) throw this.#violation;
    } catch (error) {
      throw error instanceof Error && !(error instanceof Violation) ? this.#blame(error) : error;
    } finally {
      setAtomicHook(undefined);
    }
  }

  setState(cell: number, value: number): void {
    if (this.states[cell] !== value) {
      this.states[cell] = value;
      this.interrupt(1 - cell);
    }
  }

  interrupt(cell: number): void {
    const target = this.#cells[cell];
    if (target !== undefined) target.pending = true;
  }

  violation(message: string): void {
    this.#violation ??= new Violation(`${message} after ${this.#script.join(", ")}`);
  }

  #blame(error: Error): Violation {
    return new Violation(`${error.name}: ${error.message} after ${this.#script.join(", ")}`, { cause: error });
  }

  /** What the cells in `ids` may do as a whole step. */
  #steps(ids: readonly number[]): Step[] {
    const steps: Step[] = [];
    for (const id of ids) {
      const cell = this.#cells[id];
      if (cell !== undefined && !cell.dead) {
        if (cell.awake || cell.pending) {
          steps.push(this.#step(id, "turn", () => cell.turn(this.#scenario.sleep ?? "look again")));
        }
        if ((this.#sendsLeft[id] as number) > 0 && cell.canSend)
          steps.push(this.#step(id, "send", () => this.#send(id)));
        if (id === 1 && this.#closesLeft > 0) steps.push(this.#step(id, "close", () => this.#close(cell)));
        if (id === 1 && this.#stopsLeft > 0) {
          steps.push({ act: () => this.#stop(id) });
        }
      }
      if (this.#nextLife(id) !== undefined) steps.push({ act: () => this.#restart(id) });
    }
    if (this.#straysLeft > 0 && this.#cells[1]?.dead === false) steps.push({ act: () => this.#stray() });
    return steps;
  }

  #step(id: number, name: string, act: () => void): Step {
    return { act: () => this.#during(id, name, act) };
  }

  /** Runs a step of a cell, which may be killed in the middle of it. */
  #during(id: number, name: string, act: () => void): void {
    this.#script.push(`${id} ${name}${this.#running.length > 0 ? " in between" : ""}`);
    this.#running.push(id);
    const cell = this.#cells[id];
    cell?.history.addAll([1, name.length, ...this.states]);
    try {
      act();
    } catch (error) {
      if (error !== KILLED) throw error;
      this.#bury(id);
    } finally {
      this.#running.pop();
    }
  }

  #send(id: number): void {
    const cell = this.#cells[id] as ModelCell;
    const count = Math.min(this.#scenario.batch ?? 1, this.#sendsLeft[id] as number);
    this.#sendsLeft[id] = (this.#sendsLeft[id] as number) - count;
    cell.send(count);
  }

  #start(id: number): void {
    const geometry = this.#scenario.lives[id]?.[(this.#livesUsed[id] as number) - 1] as Geometry;
    this.#during(id, `start ${this.#livesUsed[id]}`, () => {
      this.#starting = id;
      try {
        this.#cells[id] = new ModelCell(this, id, this.#sections, geometry, this.#scenario.payloadBytes);
      } finally {
        this.#starting = -1;
      }
    });
  }

  #nextLife(id: number): Geometry | undefined {
    return this.#scenario.lives[id]?.[this.#livesUsed[id] as number];
  }

  #restart(id: number): void {
    this.#kill(id);
    this.#livesUsed[id] = (this.#livesUsed[id] as number) + 1;
    this.#start(id);
  }

  #stop(id: number): void {
    this.#stopsLeft -= 1;
    this.#script.push(`${id} stop`);
    this.#kill(id);
  }

  #stray(): void {
    this.#straysLeft -= 1;
    this.#script.push("stray opener");
    this.setState(1, 0);
    this.interrupt(1);
  }

  #close(cell: ModelCell): void {
    this.#closesLeft -= 1;
    cell.link.close();
    this.#kill(cell.id);
  }

  #kill(id: number): void {
    const cell = this.#cells[id];
    if (cell !== undefined && !cell.dead) {
      cell.dead = true;
      this.#bury(id);
    }
  }

  /** The hypervisor, or the kernel, sees the end of a program. */
  #bury(id: number): void {
    this.#script.push(`${id} dies`);
    this.setState(id, 0);
  }

  /** Between any two accesses of the cell that runs, the other may do something, or the cell may be killed. */
  #before(kind: AccessKind, words: Int32Array): void {
    const id = this.#running.at(-1);
    if (id === undefined) return;
    const cell = this.#starting === id ? undefined : this.#cells[id];
    if (cell?.dead === true) throw KILLED;
    const isOwn = words.buffer === (this.#sections[id] as Int32Array).buffer;
    while (this.#preemptionsLeft > 0 && !(kind === "observe" && isOwn) && kind !== "fence") {
      const steps = this.#running.length > 1 ? [] : this.#steps([1 - id]);
      const mayDie = kind === "publish" && cell !== undefined && this.#mayDie(id);
      const choice = this.#run.choose(1 + steps.length + (mayDie ? 1 : 0));
      if (choice === 0) return;
      this.#preemptionsLeft -= 1;
      if (choice > steps.length) {
        if (this.#nextLife(id) === undefined) this.#stopsLeft -= 1;
        (cell as ModelCell).dead = true;
        throw KILLED;
      }
      (steps[choice - 1] as Step).act();
    }
  }

  #mayDie(id: number): boolean {
    return this.#nextLife(id) !== undefined || (id === 1 && this.#stopsLeft > 0);
  }

  #observed(words: Int32Array, index: number, value: number): number {
    const id = this.#running.at(-1);
    const cell = id === undefined || this.#starting === id ? undefined : this.#cells[id];
    if (cell === undefined) return value;
    const seen = this.#scenario.mutate?.(cell, words, index, value) ?? value;
    cell.history.add(index);
    cell.history.add(seen);
    return seen;
  }

  #published(words: Int32Array, index: number, value: number): void {
    const id = this.#running.at(-1);
    const cell = id === undefined ? undefined : this.#cells[id];
    if (id !== undefined && this.#starting !== id && words.buffer === this.#sections[id]?.buffer && value !== 0) {
      cell?.stored(index);
    }
  }

  /** All that tells two states of the world apart: what a cell holds privately follows from what it has seen. */
  #key(): number {
    const hasher = new Hasher();
    for (const section of this.#sections) hasher.addAll(section);
    hasher.addAll(this.states);
    hasher.addAll([
      this.#stopsLeft,
      this.#closesLeft,
      this.#straysLeft,
      this.#preemptionsLeft,
      ...this.#sendsLeft,
      ...this.#livesUsed,
    ]);
    for (const cell of this.#cells) {
      hasher.addAll([+cell.dead, +cell.awake, +cell.pending, +cell.blocked, cell.epoch]);
      if (!cell.dead) {
        hasher.add(cell.history.key | 0);
        hasher.add(Math.floor(cell.history.key / 0x100000000));
      }
    }
    for (const { from, to, committed, published, delivered, lost } of this.conversations) {
      hasher.addAll([from.cell, from.epoch, to, committed, published, delivered, lost ?? -1]);
    }
    return hasher.key;
  }

  #checkEnd(): void {
    const alive = this.#cells.filter((cell) => !cell.dead);
    for (const cell of alive) {
      if (alive.length === 2 && !cell.isUp) this.violation(`cell ${cell.id} is not up at the end`);
      if (cell.blocked) this.violation(`cell ${cell.id} waits for room at the end`);
      const { faults, unroutableRecords } = cell.link.statistics;
      if (faults + unroutableRecords > 0)
        this.violation(`cell ${cell.id} counts ${faults} faults, ${unroutableRecords} strays`);
      if (cell.link.poll() > 0 || !cell.link.arm()) this.violation(`cell ${cell.id} sleeps though something is there`);
    }
    for (const conversation of this.conversations) this.#checkConversation(conversation, alive);
  }

  #checkConversation({ from, to, committed, published, delivered, lost }: Conversation, alive: ModelCell[]): void {
    const reader = alive.find((cell) => cell.epoch === to && cell.id !== from.cell);
    const moved = this.#scenario.lives[from.cell]?.some((each) => each !== from.geometry) === true;
    if (reader !== undefined && !moved && delivered < published) {
      this.violation(`cell ${reader.id} took ${delivered} of ${published} records of ${from.epoch}`);
    }
    const readerMoved = this.#scenario.lives[1 - from.cell]?.some(
      (each) => each !== this.#cells[1 - from.cell]?.geometry,
    );
    // The announcement of the channel is a record as well.
    if (
      lost !== undefined &&
      this.#scenario.closes !== true &&
      readerMoved !== true &&
      lost + delivered > committed + 1
    ) {
      this.violation(`${lost} records of ${from.epoch} count as lost and ${delivered} of ${committed} were taken`);
    }
  }
}

interface Step {
  readonly act: () => void;
}
