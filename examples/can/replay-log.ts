import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import {
  createManualClock,
  createReplay,
  createVirtualBus,
  logRecordOf,
  readCandumpLog,
  writeAscLog,
} from "intercell/can";

/** As `candump -l` writes it; `createReadStream("drive.log")` in its place reads a file of any size. */
const log = `(1436509052.000000) can0 100#04B0
(1436509052.250000) can0 100#04B8
(1436509053.000000) can0 18FECA00#FF
`;

const clock = createManualClock({ seconds: 1_600_000_000, nanoseconds: 0 });
using bus = createVirtualBus({ name: "can0", clock });
using player = bus.open({ node: "player" });
using recorder = bus.open({ node: "recorder" });
const received = recorder.receive();

// Twice as fast as it was recorded.
const replay = createReplay(readCandumpLog(Readable.from([log])), player, { clock, speed: 2 });
const { sentFrames, latenessNs } = await clock.runUntil(replay.run());
console.log(`${sentFrames} frames sent, at most ${latenessNs.max} ns late`);

// What arrived becomes a log in Vector's format.
recorder.close();
const records = (async function* () {
  for await (const each of received) yield logRecordOf(each);
})();
console.log((await text(Readable.from(writeAscLog(records, { timeZone: "utc" })))).trimEnd());
