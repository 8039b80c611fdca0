/** One side of the application that sees the same on every link, over a network: reports `seen` with what it saw. */
import { type NetLinkOptions, openNetLink } from "../../../../src/ivshmem-net/index.js";
import { measure, watch } from "../../../channel/station.js";

const [, , interfaceName = "", options = ""] = process.argv;
const link = openNetLink(interfaceName, JSON.parse(options) as NetLinkOptions);
const report = (...event: unknown[]) =>
  process.stdout.write(`${JSON.stringify(event, (_, value) => (typeof value === "bigint" ? `${value}n` : value))}\n`);
const seen = await ((JSON.parse(options) as NetLinkOptions).role === "listen" ? measure(link) : watch(link));
report("seen", seen);
// The measuring side serves requests until it is ended.
process.stdin.resume().on("end", () => link.close());
