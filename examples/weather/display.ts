import { openChannel } from "intercell/channel";
import { openShm } from "intercell/shm";
import { openSim } from "intercell/sim";
import { weather } from "./weather.js";

const node = openShm(await openSim());
const channel = openChannel(node.link(1), weather);
channel.events.on("open", () => console.log("the station is there"));
channel.events.on("lost", ({ reason }) => console.log(`the station is gone: ${reason}`));
channel.messages.on("temperature", ({ sensor, celsius }) => console.log(`sensor ${sensor}: ${celsius.toFixed(1)} °C`));

await channel.ready();
const { before } = await channel.request("calibrate", { offset: 1.5 });
console.log(`calibrated, it was ${before}`);
