import { createVirtualBus, dataFrame, extendedId, formatFrame, maskFilter, standardId } from "intercell/can";

/** Two boards on one bus; `openSocketCan("can0")` or `openVirtualCan("engine")` would do as well. */
using bus = createVirtualBus({ bitRate: 500_000 });
using engine = bus.open({ node: "engine" });
using dashboard = bus.open({ node: "dashboard" });

const speedId = standardId(0x100);
const faultId = extendedId(0x18fe_ca00);

// Only ids 0x100 to 0x10f; frames of other ids and formats never reach this listener.
dashboard.listen(({ frame }) => console.log(`the dashboard shows ${formatFrame(frame)}`), {
  filters: [maskFilter(speedId, 0x7f0)],
});

await engine.send(dataFrame(speedId, [0x04, 0xb0]));
await engine.send(dataFrame(faultId, [0xff]));

// Resolves once the frame was on the wire, and with it all that was sent before.
await engine.sendConfirmed(dataFrame(standardId(0x101), [1]));

const { sentFrames, confirmedFrames } = engine.statistics;
console.log(`${sentFrames} frames sent, ${confirmedFrames} of them back from the wire`);
const { frames, busyNs } = bus.statistics;
console.log(`${frames} frames took ${busyNs / 1000} µs`);
