import { describe, expect, test, vi } from "vitest";
import { epochIndex } from "../../src/shm/header.js";
import { Control } from "../../src/shm/layout.js";
import { explore } from "./explorer.js";
import type { ModelCell } from "./model-cell.js";
import { type Scenario, Violation } from "./model-world.js";
import { controlIndex, Lives, playAll } from "./scenarios.js";

vi.mock("../../src/uio/atomic.js", () => import("./hooked-atomic.js"));

const TIMEOUT_MS = 120_000;

describe("explore()", () => {
  test("explore() takes every way once when no two meet", async () => {
    const ways: string[] = [];
    const found = await explore((run) => {
      const way = [run.choose(2), run.choose(3), run.choose(1)];
      ways.push(way.join(""));
    }, 100);
    expect(ways).toEqual(["000", "010", "020", "100", "110", "120"]);
    expect(found).toMatchObject({ runs: 6, deepest: 2, complete: true });
  });

  test("explore() goes on from a state once when several ways lead to it", async () => {
    let ends = 0;
    const found = await explore((run) => {
      run.visit(run.choose(4) % 2);
      run.visit(2 + run.choose(2));
      ends += 1;
    }, 100);
    expect(ends).toBe(2);
    expect(found.states).toBe(4);
  });

  test("explore() says so when it met its limit", async () => {
    expect(await explore((run) => void run.choose(5), 3)).toMatchObject({ runs: 3, complete: false });
  });
});

const whole: Record<string, Scenario> = {
  "both live on": { sends: [2, 2], lives: Lives.once },
  "the ring is full": { sends: [6, 0], batch: 2, payloadBytes: 96, lives: Lives.once },
  "one restarts": { sends: [2, 1], lives: Lives.again },
  "one restarts twice": { sends: [0, 1], lives: Lives.twiceAgain },
  "both restart": { sends: [0, 1], lives: Lives.bothAgain },
  "one restarts with another layout": { sends: [1, 2], lives: Lives.moved },
  "one restarts with another layout and then the first": { sends: [0, 1], lives: Lives.movedAndBack },
  "one stops for good": { sends: [2, 2], lives: Lives.once, stops: true },
  "one closes": { sends: [1, 2], lives: Lives.once, closes: true },
  "a state word is zeroed": { sends: [1, 1], lives: Lives.once, strays: 1 },
};

describe("two cells, in every order of their steps", () => {
  test.each(Object.entries(whole))(
    "lose and repeat nothing and wake each other when %s",
    { timeout: TIMEOUT_MS },
    async (name, scenario) => {
      expect((await playAll(name, scenario)).complete).toBe(true);
    },
  );
});

const preempted: Record<string, Scenario> = {
  "both live on": { sends: [1, 1], lives: Lives.once },
  "the ring is full": { sends: [4, 0], batch: 2, payloadBytes: 96, lives: Lives.once },
  "the one that sends restarts": { sends: [0, 1], lives: Lives.again },
  "the one that is sent to restarts": { sends: [1, 0], lives: Lives.again },
  "one restarts with another layout": { sends: [0, 1], lives: Lives.moved },
  "one stops for good": { sends: [0, 2], lives: Lives.once, stops: true },
  "one closes": { sends: [0, 1], lives: Lives.once, closes: true },
  "a state word is zeroed": { sends: [0, 1], lives: Lives.once, strays: 1 },
};

describe("two cells, stopped or killed between any two accesses", () => {
  test.each(Object.entries(preempted))(
    "lose and repeat nothing and wake each other when %s",
    { timeout: TIMEOUT_MS },
    async (name, scenario) => {
      const found = await playAll(`${name}, with a preemption`, { ...scenario, preemptions: 1 });
      expect(found.complete).toBe(true);
    },
  );
});

type Mutation = NonNullable<Scenario["mutate"]>;

/** Changes what is seen of one word of the other cell. */
function seen(index: number, change: (cell: ModelCell, value: number) => number): Mutation {
  return (cell, words, at, value) => (at === index && words !== cell.own.words ? change(cell, value) : value);
}

/** Looks at the epoch neither between the copy and its delivery nor before it complains of what it copied. */
function trustTheCopy(): Mutation {
  const looks = new WeakMap<ModelCell, { epoch: number; stale: number }>();
  return (cell, words, at, value) => {
    const look = looks.get(cell) ?? { epoch: 0, stale: 0 };
    looks.set(cell, look);
    if (words === cell.own.words) return value;
    if (at === controlIndex(Control.tail)) look.stale = value === cell.own.words[controlIndex(Control.head)] ? 0 : 2;
    if (at !== epochIndex(cell.id)) return value;
    if (look.stale === 0) look.epoch = value;
    else look.stale -= 1;
    return look.epoch;
  };
}

const defects: Record<string, { readonly scenario: Scenario; readonly finding: RegExp }> = {
  "sleeps without looking again": {
    scenario: { sends: [1, 1], lives: Lives.once, preemptions: 1, sleep: "do not look again" },
    finding: /sleeps though something is there|not up at the end/,
  },
  "never sees that the other sleeps": {
    scenario: { sends: [1, 0], lives: Lives.once, mutate: seen(controlIndex(Control.wake), () => 0) },
    finding: /sleeps though something is there|not up at the end/,
  },
  "starts its ring over while the other may be reading it": {
    scenario: {
      ...{ sends: [0, 1], lives: Lives.again, preemptions: 1 },
      mutate: seen(controlIndex(Control.echo), (cell, value) => (value >>> 0 === cell.epoch ? value : 0)),
    },
    finding: /took 0 of 1 records|faults/,
  },
  "rings once for all": {
    scenario: { sends: [2, 0], lives: Lives.once, mutate: seen(controlIndex(Control.wake), (_, value) => value & 3) },
    finding: /sleeps though something is there|not up at the end/,
  },
  "believes what it copied while the other restarted": {
    scenario: { sends: [0, 2], batch: 2, lives: Lives.moved, preemptions: 1, mutate: trustTheCopy() },
    finding: /went down as fault/,
  },
};

describe("the search finds it", () => {
  test.each(Object.entries(defects))("when a cell %s", { timeout: TIMEOUT_MS }, async (name, { scenario, finding }) => {
    const failure = await playAll(name, scenario).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(Violation);
    expect((failure as Violation).message).toMatch(finding);
    console.log(`${name}: ${(failure as Violation).message}`);
  });
});
