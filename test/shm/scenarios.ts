import type { Geometry } from "../../src/shm/geometry.js";
import { type Exploration, explore } from "./explorer.js";
import { MODEL_SECTION_BYTES, ModelWorld, type Scenario } from "./model-world.js";

function layOut(peerId: number, control: number, ring: number): Geometry {
  const none = { broadcastControl: 0, broadcastRing: 0, broadcastCapacity: 0, latestOffset: 0, latestSize: 0 };
  const rings = [0, 1].map((peer) => (peer === peerId ? undefined : { control, ring, capacity: 256 }));
  return { sectionSize: MODEL_SECTION_BYTES, maxPeers: 2, peerId, rings, ...none };
}

const [left, right] = [layOut(0, 384, 768), layOut(1, 384, 768)];
/** Another layout, whose control block lies where the ring of the first one was. */
const moved = layOut(1, 768, 1152);

/** Who lives how often, and in which layout. */
export const Lives = {
  once: [[left], [right]],
  again: [[left], [right, right]],
  twiceAgain: [[left], [right, right, right]],
  bothAgain: [
    [left, left],
    [right, right],
  ],
  moved: [[left], [right, moved]],
  movedAndBack: [[left], [right, moved, right]],
} as const satisfies Record<string, Scenario["lives"]>;

/** Plays a scenario in every way, up to `mostRuns`, and prints how much that was. */
export async function playAll(name: string, scenario: Scenario, mostRuns = 200_000): Promise<Exploration> {
  const found = await explore((run) => new ModelWorld(scenario, run).play(), mostRuns);
  const { runs, states, deepest, complete } = found;
  console.log(`${name}: ${states} states, ${runs} runs of at most ${deepest} choices${complete ? "" : ", not all"}`);
  return found;
}

/** Word index of a word of a control block in the first layout. */
export function controlIndex(offset: number): number {
  return (384 + offset) / 4;
}
