import { createManualClock, createVirtualBus, dataFrame, decodeErrorFrame, standardId } from "intercell/can";

/** The clock of the bus stands unless it is moved, so that this takes no time. */
const clock = createManualClock();
using bus = createVirtualBus({ clock, bitRate: 500_000, restartMs: 100 });
using sensor = bus.open({ node: "sensor" });
using logger = bus.open({ node: "logger" });

logger.listen(({ frame, timestamp }) => {
  if (frame.kind === "data") console.log(`heard ${frame.data[0]} after ${Math.floor(timestamp.nanoseconds / 1e6)} ms`);
});
sensor.listen(
  ({ frame }) => {
    const report = frame.kind === "error" ? decodeErrorFrame(frame) : undefined;
    for (const problem of report?.controller ?? []) console.log(`controller: ${problem}`);
    if (report?.busOff) console.log("controller: bus-off");
    if (report?.restarted) console.log("controller: restarted");
  },
  { filters: [], errorMask: 0x1fff_ffff },
);

// A broken cable: no frame gets through, and the sender's error counter rises by 8 each time.
bus.setFaults({ corruptRate: 1 });
await clock.runUntil(sensor.sendConfirmed(dataFrame(standardId(0x10), [1])).catch(report));

// Mended. The controller comes back by itself, 100 ms after it went off the bus.
bus.setFaults();
await clock.runUntil(sensor.sendConfirmed(dataFrame(standardId(0x10), [2])));
console.log(`the sensor is ${sensor.node.state}`);

function report(error: Error): void {
  console.log(error.message);
}
