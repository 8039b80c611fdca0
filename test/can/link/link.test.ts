import { describeChannelOver } from "../../channel/channel-contract.js";
import { describeLink } from "../../channel/link-contract.js";
import { LoopbackBus } from "../../support/loopback-bus.js";
import { CanNodePair } from "./node-pair.js";

const limits = { noSpin: true };

/** Small, so that it fills up; and with a peer that is soon missed. */
const small = { windowBytes: 4096, heartbeatMs: 20, stallMs: 200 };

const classic = () => {
  const bus = new LoopbackBus();
  return new CanNodePair(() => bus.open(), small);
};
describeLink("CanLink on a classic bus in this process", classic, limits);
describeChannelOver("CanLink on a classic bus in this process", classic, limits);

const fd = () => {
  const bus = new LoopbackBus();
  return new CanNodePair(() => bus.open(), { ...small, windowBytes: 65_536, isoTp: { txDl: 64, bitRateSwitch: true } });
};
describeLink("CanLink on a CAN FD bus in this process", fd, limits);
describeChannelOver("CanLink on a CAN FD bus in this process", fd, limits);
