/** Sends messages to peer 0 until that closes the link. */
import { type Channel, type Link, openChannel, type Sender } from "intercell/channel";
import { watchHeap } from "../cell/heap.js";
import { openCell, READY_TIMEOUT_MS, sessionEnd, turn, waitReady } from "../cell/open.js";
import type { SendOptions, SendResult } from "../cell/traffic.js";
import { programOptions, report } from "../child.js";
import { blobProtocol, makeSample, Sample, type SampleValue, sampleProtocol } from "../message.js";

/** Attempts to send before the event loop gets a turn. */
const ATTEMPTS_PER_TURN = 16_384;

/** Messages before a sender that sleeps when the ring is full gives the event loop a turn. */
const SENDS_PER_TURN = 256;

/** One way to send on one channel. */
interface Way {
  /** Gives the number of messages for which there was room. */
  attempt(): number;
  /** Waits for room and sends; gives up when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  readonly channel: Pick<Channel, "ready" | "flush">;
}

/** Messages that are sent by one call in mode `run`. */
const RUN_MESSAGES = 64;

function rawWay(link: Link, name: string, sizeBytes: number, asRun: boolean): Way {
  const channel = openChannel(link, blobProtocol(sizeBytes), { name });
  const sender = channel.sender("blob");
  const bytes = new Uint8Array(sizeBytes).fill(1);
  const wait = (signal: AbortSignal) => sender.send({ data: bytes }, { signal });
  if (!asRun) return { attempt: () => Number(sender.trySendBytes(bytes)), wait, channel };
  const run = new Uint8Array(sizeBytes * RUN_MESSAGES).fill(1);
  return { attempt: () => sender.trySendRun(run), wait, channel };
}

function typedWay(link: Link, name: string, mode: "object" | "view" | "read"): Way {
  const channel = openChannel(link, sampleProtocol, { name });
  const sender = channel.sender("sample");
  const wait = (signal: AbortSignal) => sender.send(makeSample(0), { signal });
  const attempts = { object: giveSample, view: fillSample, read: giveRun };
  return { attempt: attempts[mode](sender), wait, channel };
}

function giveRun(sender: Sender<SampleValue>): () => number {
  const { codec } = Sample;
  const run = new Uint8Array(codec.size * RUN_MESSAGES);
  const view = new DataView(run.buffer);
  for (let index = 0; index < RUN_MESSAGES; index += 1) codec.encode(makeSample(index), view, index * codec.size);
  return () => sender.trySendRun(run);
}

function giveSample(sender: Sender<SampleValue>): () => number {
  let sequence = 0;
  return () => {
    sequence = (sequence + 1) >>> 0;
    return Number(sender.trySend(makeSample(sequence)));
  };
}

function fillSample(sender: Sender<SampleValue>): () => number {
  let sequence = 0;
  const fill: Parameters<typeof sender.tryWrite>[0] = (fields) => {
    sequence = (sequence + 1) >>> 0;
    fields.sequence = sequence;
    fields.channel = 7;
    fields.quality = 200;
    fields.valid = true;
    fields.timeNs = 1_700_000_000_000_000 + sequence;
    fields.value = 21.5;
    const { position, attitude } = fields;
    position.x = 1.25;
    position.y = -2.5;
    position.z = sequence;
    attitude.w = 1;
    attitude.x = 0;
    attitude.y = 0.5;
    attitude.z = -0.25;
  };
  return () => Number(sender.tryWrite(fill));
}

async function main(options: SendOptions): Promise<void> {
  const { wait, ringBytes, mode, sizeBytes, channels, single, heapMessages } = options;
  const node = await openCell({ peers: [0], wait, ...(ringBytes === undefined ? {} : { ringBytes }) });
  const link = node.link(0);
  const ended = sessionEnd(link);
  const ways = Array.from({ length: channels }, (_, index) => {
    const name = `bench ${index}`;
    if (mode === "object" || mode === "view" || mode === "read") return typedWay(link, name, mode);
    return rawWay(link, name, sizeBytes, mode === "run");
  });
  const [first] = ways;
  if (first === undefined) throw new RangeError("channels must be at least 1");
  await waitReady(
    node,
    Promise.all(ways.map(({ channel }) => channel.ready({ timeoutMs: READY_TIMEOUT_MS }))).then(() => undefined),
  );
  let sent = 0;
  let next = 0;
  const burst = (attempts: number): void => {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const way = channels === 1 ? first : (ways[next] ?? first);
      const taken = way.attempt();
      sent += taken;
      if (taken > 0) {
        next = next + 1 === channels ? 0 : next + 1;
        if (single) way.channel.flush();
      } else node.poll();
    }
  };
  const sleepy = async (): Promise<void> => {
    for (let count = 0; count < SENDS_PER_TURN && !ended.aborted; count += 1) {
      const taken = first.attempt();
      if (taken === 0) await first.wait(ended).catch(() => undefined);
      sent += Math.max(taken, 1);
    }
    await turn();
  };
  const step = async (): Promise<void> => {
    if (wait === "manual") {
      burst(ATTEMPTS_PER_TURN);
      await turn();
    } else await sleepy();
  };
  const sendFor = async (messages: number): Promise<void> => {
    for (const end = sent + messages; sent < end && !ended.aborted; ) await step();
  };
  let bytesPerMessage: number | undefined;
  if (heapMessages > 0) {
    await sendFor(heapMessages);
    bytesPerMessage = await watchHeap(heapMessages, sendFor, () => sent);
  }
  await sendFor(Number.POSITIVE_INFINITY);
  const result: SendResult = { sent, doorbellsRung: link.statistics.doorbellsRung };
  report(bytesPerMessage === undefined ? result : { ...result, bytesPerMessage });
  node.close();
}

await main(programOptions<SendOptions>());
