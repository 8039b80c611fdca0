import { LoopbackPair } from "../support/loopback-pair.js";
import { describeLink } from "./link-contract.js";

describeLink("loopback", () => new LoopbackPair());
