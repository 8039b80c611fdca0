import { LoopbackPair } from "../support/loopback-pair.js";
import { describeChannelOver } from "./channel-contract.js";

describeChannelOver("loopback", () => new LoopbackPair());
