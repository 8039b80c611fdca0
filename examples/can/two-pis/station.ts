import { type CanBus, openSocketCan, openVirtualCan } from "intercell/can";
import { defineProtocol } from "intercell/channel";
import { struct, u32 } from "intercell/schema";

/** How late a timer of Pi A was. */
const Reading = struct("Reading", { number: u32, lateUs: u32 });
const Question = struct("Question", { lastNumber: u32 });
const Statistics = struct("Statistics", { newer: u32, worstUs: u32 });

/** What the two say to each other; both programs have this module. */
export const station = defineProtocol("station", {
  messages: { reading: Reading },
  requests: { statistics: { request: Question, reply: Statistics } },
});

/** Their addresses on the bus. */
export const PI_A = 1;
export const PI_B = 2;

/** The interface that the command line names: can0, or virtual:bench for a bus between programs of one computer. */
export async function openBus(): Promise<CanBus> {
  const [, , name = "can0"] = process.argv;
  const [kind, virtualName = ""] = name.split(":");
  return kind === "virtual" ? await openVirtualCan(virtualName) : await openSocketCan(name);
}
