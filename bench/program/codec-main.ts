/** Encodes and decodes the typed message over and over, by one of three codecs. */
import { programOptions, report } from "../child.js";
import { makeSample, Sample } from "../message.js";
import { ProtobufSample } from "../rival/protobuf.js";

export interface CodecOptions {
  readonly codec: "intercell" | "protobuf" | "json";
  readonly warmupMs: number;
  readonly windowMs: number;
}

/** One message there and back; gives something of what came back. */
type Trip = () => unknown;

/** Messages of which each codec has the objects already: making them is not what is measured. */
const MESSAGES = 1024;

const samples = Array.from({ length: MESSAGES }, (_, index) => makeSample(index));

const trips: Record<CodecOptions["codec"], () => Trip> = {
  intercell() {
    const { codec } = Sample;
    const view = new DataView(new ArrayBuffer(codec.size));
    return cycle(samples, (sample) => codec.decode(view, 0, codec.encode(sample, view, 0)));
  },
  protobuf() {
    const protobuf = new ProtobufSample();
    const messages = samples.map((sample) => protobuf.make(sample));
    return cycle(messages, (message) => protobuf.decode(protobuf.encode(message)));
  },
  json() {
    return cycle(samples, (sample) => JSON.parse(JSON.stringify(sample)));
  },
};

function cycle<T>(messages: readonly T[], convert: (message: T) => unknown): Trip {
  let next = 0;
  return () => {
    const message = messages[next] as T;
    next = (next + 1) % MESSAGES;
    return convert(message);
  };
}

/** Trips a second. */
function measure(trip: Trip, durationMs: number): number {
  const begin = performance.now();
  let count = 0;
  let last: unknown;
  for (; performance.now() - begin < durationMs; count += MESSAGES) {
    for (let index = 0; index < MESSAGES; index += 1) last = trip();
  }
  if (typeof last !== "object") throw new TypeError("A message did not come back as an object");
  return count / ((performance.now() - begin) / 1000);
}

const { codec, warmupMs, windowMs } = programOptions<CodecOptions>();
const trip = trips[codec]();
measure(trip, warmupMs);
report({ perSecond: measure(trip, windowMs) });
