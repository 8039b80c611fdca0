import { onTestFinished } from "vitest";
import { type Bridge, type BridgeRules, createBridge } from "../../src/bridge/index.js";
import { type Channel, defineProtocol, openChannel } from "../../src/channel/index.js";
import { struct, text, u32 } from "../../src/schema/index.js";
import { createPair } from "../channel/open-pair.js";
import type { LoopbackPair } from "../support/loopback-pair.js";

const Measurement = struct("Measurement", { tick: u32 });
const Note = struct("Note", { words: text(600) });

const definition = {
  messages: { measurement: Measurement, note: Note },
  requests: { twice: { request: Measurement, reply: Measurement } },
  topics: { level: Measurement },
  broadcasts: { alarm: Note },
} as const;
export type StationDefinition = typeof definition;
export const Station = defineProtocol("station", definition);

/** A bridge with a peer at each side. The bridge has the left ends of two pairs; the peers have the right ends, which can restart. */
export interface BridgeStage {
  readonly bridge: Bridge;
  readonly leftPair: LoopbackPair;
  readonly rightPair: LoopbackPair;
  readonly left: Channel<StationDefinition>;
  readonly right: Channel<StationDefinition>;
  readonly errors: string[];
}

export async function openStage(rules: BridgeRules<StationDefinition>): Promise<BridgeStage> {
  const leftPair = createPair();
  const rightPair = createPair();
  const bridge = createBridge(Station, { left: leftPair.left, right: rightPair.left, ...rules });
  onTestFinished(() => bridge.close());
  const errors: string[] = [];
  bridge.events.on("error", (error, side) => errors.push(`${side}: ${error.code}`));
  const left = openChannel(leftPair.right, Station);
  const right = openChannel(rightPair.right, Station);
  await Promise.all([left.ready(), right.ready(), bridge.left.ready(), bridge.right.ready()]);
  return { bridge, leftPair, rightPair, left, right, errors };
}
