import { isIntercellError } from "intercell";
import { defineProtocol, openChannel } from "intercell/channel";
import { enumOf, struct, u8, u32 } from "intercell/schema";
import { openShm } from "intercell/shm";
import { startMachine } from "intercell/sim";

const ROOT_CELL = 0;
const INMATE = 1;
const MOST_RPM = 3000;
const TIMEOUT_MS = 1000;

const Direction = enumOf("Direction", { left: 0, right: 1 }, u8);
const Turn = struct("Turn", { direction: Direction, rpm: u32 });
const Turning = struct("Turning", { rpm: u32, previousRpm: u32 });
const motor = defineProtocol("motor", { requests: { turn: { request: Turn, reply: Turning } } });

await using machine = await startMachine();
using root = openShm(await machine.openDevice({ peer: ROOT_CELL }));
using inmate = openShm(await machine.openDevice({ peer: INMATE }));

// The inmate's side: a handler returns the reply or throws. It may be async.
const served = openChannel(inmate.link(ROOT_CELL), motor);
let currentRpm = 0;
served.handle("turn", ({ rpm }) => {
  if (rpm > MOST_RPM) throw new Error(`${rpm} rpm is more than ${MOST_RPM}`);
  const previousRpm = currentRpm;
  currentRpm = rpm;
  return { rpm, previousRpm };
});

// The root cell's side.
const asking = openChannel(root.link(INMATE), motor);
const first = await asking.request("turn", { direction: "left", rpm: 1200 }, { timeoutMs: TIMEOUT_MS });
console.log(`turns at ${first.rpm} rpm, before at ${first.previousRpm}`);
const second = await asking.request("turn", { direction: "right", rpm: 900 }, { timeoutMs: TIMEOUT_MS });
console.log(`turns at ${second.rpm} rpm, before at ${second.previousRpm}`);

try {
  await asking.request("turn", { direction: "left", rpm: 9000 }, { timeoutMs: TIMEOUT_MS });
} catch (error) {
  if (!isIntercellError(error, "ERR_REMOTE")) throw error;
  console.log(`refused: ${error.message}`);
}
