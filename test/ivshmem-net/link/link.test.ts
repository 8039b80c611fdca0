import { describe } from "vitest";
import { describeChannelOver } from "../../channel/channel-contract.js";
import { describeLink } from "../../channel/link-contract.js";
import { describeBody } from "../../channel/one-body.js";
import { loopback4, loopback6, NetLinkPair, small } from "./net-link-pair.js";

const limits = { noSpin: true };

describe.each([
  ["IPv4", loopback4],
  ["IPv6", loopback6],
] as const)("over %s", (family, place) => {
  describe.each(["connect", "listen"] as const)("with a peer whose role is %s", (role) => {
    const name = `NetLink over ${family}, whose peer's role is ${role},`;
    describeLink(name, () => NetLinkPair.open(place, role, small), limits);
    describeChannelOver(name, () => NetLinkPair.open(place, role, small), limits);
    describeBody(name, () => NetLinkPair.open(place, role));
  });
});
