import { onTestFinished } from "vitest";
import {
  type Channel,
  type ChannelOptions,
  openChannel,
  type Port,
  type Protocol,
  type ProtocolDefinition,
} from "../../src/channel/index.js";
import type { LoopbackOptions } from "../support/loopback-frame.js";
import { LoopbackPair } from "../support/loopback-pair.js";
import { Recorder } from "./link-pair.js";
import { until } from "./until.js";

/** A loopback pair that is closed when the test ends. */
export function createPair(options: Partial<LoopbackOptions> = {}): LoopbackPair {
  const pair = new LoopbackPair(options);
  onTestFinished(() => pair.close());
  return pair;
}

/** Two channels that are open to each other. */
export async function openPair<D extends ProtocolDefinition>(
  protocol: Protocol<D>,
  options: ChannelOptions = {},
  link: Partial<LoopbackOptions> = {},
): Promise<{ pair: LoopbackPair; left: Channel<D>; right: Channel<D> }> {
  const pair = createPair(link);
  const left = openChannel(pair.left, protocol, options);
  const right = openChannel(pair.right, protocol, options);
  await Promise.all([left.ready(), right.ready()]);
  return { pair, left, right };
}

/** A channel whose peer is a bare port, which can send anything. */
export async function openRaw<D extends ProtocolDefinition>(
  protocol: Protocol<D>,
  options: ChannelOptions = {},
): Promise<{ pair: LoopbackPair; channel: Channel<D>; port: Port; seen: Recorder }> {
  const pair = createPair();
  const channel = openChannel(pair.left, protocol, options);
  const seen = new Recorder();
  const port = pair.right.attach({
    name: channel.name,
    protocolName: protocol.name,
    typeHash: protocol.typeHash,
    topicSizes: protocol.topics.map((topic) => topic.type.size),
    handler: seen,
  });
  await channel.ready();
  await until(() => port.open, "the raw port is open");
  return { pair, channel, port, seen };
}
