import { startMachine } from "../sim/index.js";
import { openCanBus } from "./can-bus.js";
import { findCanFaults } from "./demo-faults.js";
import type { DemoReport } from "./demo-report.js";
import { CommandFailure } from "./exit.js";
import type { InmateProgram } from "./inmate-program.js";
import { isWantedEnd } from "./interruption.js";
import { jitterCanProtocol } from "./jitter-can-protocol.js";
import { JitterDisplay } from "./jitter-display.js";
import { JitterGateway } from "./jitter-gateway.js";

/** The inmate's cell and peer id. */
const INMATE = 1;

/** Round trips that Pi B measures once it has found Pi A. */
const ROUND_TRIPS = 50;

/** What a Pi of its own needs. */
export interface PiParts {
  /** CAN interface, `virtual:` before the name of a bus without a kernel. */
  readonly interfaceName: string;
  readonly report: DemoReport;
  readonly signal: AbortSignal;
}

/** Pi A alone, for a board: a simulated machine with an inmate, whose measurements go over CAN to Pi B. Until Ctrl-C. */
export async function runPiA(inmate: InmateProgram, { interfaceName, report, signal }: PiParts): Promise<void> {
  using bus = await openCanBus(interfaceName);
  await using machine = await startMachine({ signal });
  const device = await machine.openDevice({ peer: 0, signal });
  using gateway = new JitterGateway(device, INMATE, bus, {
    up: (link) => report.detail(`up: ${link.name}`),
    down: (link, reason) => report.detail(`down: ${link.name}, ${reason}`),
  });
  report.step("Pi A sends its inmate's measurements on over CAN until Ctrl-C");
  report.detail(`protocol  ${jitterCanProtocol.name}, type hash ${jitterCanProtocol.typeHashHex}`);
  const process = await machine.startCell(INMATE, await inmate.prepare(signal));
  process.once("exit", (code, killed) => {
    gateway.root.fail(new CommandFailure(`The inmate ended by itself (${killed ?? code})`));
  });
  await untilInterrupted(gateway.root.until("an interruption", () => false, { signal }));
  report.step("Summary");
  report.detail(`messages     ${gateway.forwarded} sent on, ${gateway.unsent} that the bus was too slow for`);
  if (gateway.unsent > 0) throw new CommandFailure(`The bus was too slow for ${gateway.unsent} measurements`);
}

/** Pi B alone, for a board: prints what Pi A sends until Ctrl-C. */
export async function runPiB({ interfaceName, report, signal }: PiParts): Promise<void> {
  using bus = await openCanBus(interfaceName);
  using display = new JitterDisplay(bus, {
    measured: (measurement, age) => report.shown({ ...measurement, age }),
    up: (up) => report.piUp(up),
    down: (down) => report.piDown(down),
  });
  report.step("Pi B prints what comes over CAN from Pi A until Ctrl-C");
  report.detail(`protocol  ${jitterCanProtocol.name}, type hash ${jitterCanProtocol.typeHashHex}`);
  const roundTrips = display.channel
    .ready({ signal })
    .then(() => display.measureRoundTrips(ROUND_TRIPS, signal))
    // It goes on without the figure if Pi A left meanwhile.
    .catch(() => undefined);
  await untilInterrupted(display.watched.until("an interruption", () => false, { signal }));
  const faults = findCanFaults(display.counts, { interrupted: true });
  report.step("Summary");
  report.canSummary(display.counts, await roundTrips);
  report.verdict(faults);
  if (faults.length > 0) throw new CommandFailure(`Not all arrived: ${faults.join("; ")}`);
}

async function untilInterrupted(waiting: Promise<void>): Promise<void> {
  await waiting.catch((error: unknown) => {
    if (!isWantedEnd(error)) throw error;
  });
}
