import { openCanBus } from "./can-bus.js";
import type { DisplayCommand, DisplayEvent, DisplayReport } from "./display-messages.js";
import { JitterDisplay } from "./jitter-display.js";
import { servePi } from "./pi-process.js";

/* Pi B of the demo as a process of its own. Its argument is the CAN interface. */
const report = servePi<DisplayReport>();
const tell = (event: DisplayEvent): void => report({ ...event, counts: display.counts });
const fail = (error: unknown): void =>
  tell({ kind: "fault", message: error instanceof Error ? error.message : String(error) });

const [, , interfaceName = ""] = process.argv;
const bus = await openCanBus(interfaceName);
const display = new JitterDisplay(bus, {
  measured: ({ jitterNs, minNs, maxNs }, age) =>
    tell({ kind: "measured", measurement: { jitterNs, minNs, maxNs, age } }),
  up: ({ epoch, resumed }) => tell({ kind: "up", epoch, resumed }),
  down: ({ reason, resumable }) => tell({ kind: "down", reason, resumable }),
});
const { signal } = new AbortController();
display.watched.until("the end", () => false, { signal }).catch(fail);

process.on("message", (command: DisplayCommand) => {
  if (command.kind === "ask-statistics") {
    display.askStatistics(signal).then((statistics) => tell({ kind: "statistics", statistics }), fail);
  } else {
    display
      .measureRoundTrips(command.count, signal)
      .then((roundTrips) => tell({ kind: "round-trips", roundTrips }), fail);
  }
});
tell({ kind: "ready" });
