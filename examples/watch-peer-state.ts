import { openShm } from "intercell/shm";
import { type Machine, startMachine } from "intercell/sim";

const ROOT_CELL = 0;
const INMATE = 1;

await using machine = await startMachine();
using root = openShm(await machine.openDevice({ peer: ROOT_CELL }));
const link = root.link(INMATE);

// `away` and `stalled` are resumable: the session stands and nothing is lost if the peer comes back to it.
link.events.on("up", ({ resumed }) => console.log(resumed ? "up again, the session goes on" : "up, a new session"));
link.events.on("down", ({ reason, resumable }) => {
  console.log(`down: ${reason}, the session ${resumable ? "stands" : "is over"}`);
});

let lastEpoch = 0;
link.events.on("up", ({ epoch }) => {
  if (lastEpoch !== 0) console.log(`the inmate ${epoch === lastEpoch ? "is the same" : "was restarted"}`);
  lastEpoch = epoch;
});

console.log(`the link is ${link.status}`);

// The inmate comes, goes and comes back as another run of its program would.
await visit(machine);
await visit(machine);

async function visit(machine: Machine): Promise<void> {
  const inmate = openShm(await machine.openDevice({ peer: INMATE }));
  inmate.link(ROOT_CELL);
  await link.ready({ timeoutMs: 5000 });
  const down = new Promise<void>((resolve) => link.events.once("down", () => resolve()));
  inmate.close();
  await down;
}
