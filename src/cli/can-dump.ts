import { once } from "node:events";
import type { CanBus, ReceivedFrame } from "../can/index.js";
import type { Receiver } from "../channel/index.js";
import { openCanBus } from "./can-bus.js";
import { colourLine, createLongFormat, createTimeFormat, formatJson, type TimeStyle } from "./can-text.js";
import { type Interruption, withInterruption } from "./interruption.js";
import { createPalette } from "./palette.js";

export interface DumpOptions {
  readonly json?: boolean;
  readonly log?: boolean;
  readonly time?: TimeStyle;
  readonly count?: number;
  readonly errors?: boolean;
  /** False for `--no-colour`. */
  readonly colour?: boolean;
}

/** Lines of frames, in the form that was asked for. */
type Format = (received: ReceivedFrame) => string;

/** Frames that wait until the output takes them. */
const QUEUE_FRAMES = 16_384;

/** Prints what comes in on interfaces, until Ctrl-C or as many frames as are wanted. */
export async function runDump(sources: readonly string[], options: DumpOptions): Promise<void> {
  const buses: CanBus[] = [];
  try {
    await withInterruption(async (signal) => {
      for (const source of sources) buses.push(await openSource(source, options));
      for (const bus of buses) reportLoss(bus);
      const width = Math.max(...buses.map(({ name }) => name.length));
      const printer = new Printer(await createFormat(options, width), options.count);
      signal.addEventListener("abort", () => printer.stop());
      await Promise.all(buses.map((bus) => printer.print(bus.receive({ errorMask: ALL, queueFrames: QUEUE_FRAMES }))));
      if (signal.aborted) throw signal.reason as Interruption;
    });
  } finally {
    for (const bus of buses) {
      const { overflowedFrames } = bus.statistics;
      bus.close();
      if (overflowedFrames > 0) complain(`${overflowedFrames} frames of ${bus.name} were lost as the output was slow`);
    }
  }
}

const ALL = 0x1fff_ffff;

/** An interface, and after a comma filters as of candump. */
async function openSource(source: string, { errors = false }: DumpOptions): Promise<CanBus> {
  const [name = "", ...rest] = source.split(",");
  const { parseFilters } = await import("../can/index.js");
  const filters = parseFilters(rest.join(","));
  return await openCanBus(name, {
    ...filters,
    errorMask: errors ? ALL : filters.errorMask,
    // Nothing is sent.
    ownFrames: false,
  });
}

function reportLoss(bus: CanBus): void {
  bus.events.on("dropped", (count, total) => {
    complain(`DROPCOUNT: dropped ${count} CAN frames on ${bus.name} (total drops ${total})`);
  });
  bus.events.on("status", (status) => {
    if (status !== "closed") complain(`${bus.name} is ${status}`);
  });
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function createFormat(options: DumpOptions, width: number): Promise<Format> {
  const { formatCandumpLine, formatFrame, logRecordOf } = await import("../can/index.js");
  if (options.json === true) return formatJson;
  if (options.log === true) return (received) => formatCandumpLine(logRecordOf(received));
  const palette = createPalette(process.stdout, process.env, options.colour ?? true);
  const formatLong = createLongFormat(formatFrame);
  const time = options.time === undefined ? () => " " : createTimeFormat(options.time);
  return ({ frame, timestamp, interfaceName }) => {
    const text = `${interfaceName.padStart(width)}  ${formatLong(frame)}`;
    return `${time(timestamp)} ${colourLine(palette, frame, text)}\n`;
  };
}

/** Writes lines as the standard output takes them; many that have come at once by one write. */
class Printer {
  readonly #format: Format;
  readonly #readers: Receiver<ReceivedFrame>[] = [];
  #left: number;

  constructor(format: Format, count = Number.POSITIVE_INFINITY) {
    this.#format = format;
    this.#left = count;
  }

  async print(reader: Receiver<ReceivedFrame>): Promise<void> {
    this.#readers.push(reader);
    let text = "";
    for await (const received of reader) {
      if (this.#left === 0) break;
      this.#left--;
      text += this.#format(received);
      if (reader.length > 0 && this.#left > 0 && text.length < 65_536) continue;
      const room = process.stdout.write(text);
      text = "";
      if (this.#left === 0) this.stop();
      else if (!room) await once(process.stdout, "drain");
    }
    if (text !== "") process.stdout.write(text);
  }

  /** Ends all readers. */
  stop(): void {
    for (const reader of this.#readers) void reader.return();
  }
}
