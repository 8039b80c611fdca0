import { expect, test } from "vitest";
import { type DemoCounts, findCanFaults, findFaults } from "../../src/cli/demo-faults.js";

const link = { lostRecords: 0, receivedRecords: 340, rescuedByPoll: 2, sessions: 2 };
const well: DemoCounts = {
  ticks: { lost: 0, repeated: 0 },
  unsent: 0,
  channel: { undecodable: 0, requestsFailed: 0, link },
};

test("findFaults() finds none when all is there", () => {
  expect(findFaults(well, false)).toEqual([]);
});

test.each<[string, DemoCounts]>([
  ["2 measurements lost", { ...well, ticks: { lost: 2, repeated: 0 } }],
  ["1 measurements repeated", { ...well, ticks: { lost: 0, repeated: 1 } }],
  ["3 measurements dropped by the inmate", { ...well, unsent: 3 }],
  ["1 messages that did not decode", { ...well, channel: { ...well.channel, undecodable: 1 } }],
  ["1 requests without a reply", { ...well, channel: { ...well.channel, requestsFailed: 1 } }],
  ["4 messages to the inmate lost", { ...well, channel: { ...well.channel, link: { ...link, lostRecords: 4 } } }],
  ["150 doorbells missed", { ...well, channel: { ...well.channel, link: { ...link, rescuedByPoll: 150 } } }],
  ["1 sessions missing", { ...well, channel: { ...well.channel, link: { ...link, sessions: 1 } } }],
])("findFaults() finds %s", (wanted, counts) => {
  expect(findFaults(counts, false)).toEqual([wanted]);
});

test("findFaults() forgives what is under way, and no loss of a measurement, when the showing was interrupted", () => {
  const channel = { undecodable: 0, requestsFailed: 1, link: { ...link, lostRecords: 1, sessions: 1 } };
  expect(findFaults({ ...well, channel }, true)).toEqual([]);
  expect(findFaults({ ...well, channel, ticks: { lost: 1, repeated: 0 } }, true)).toEqual(["1 measurements lost"]);
});

const canWell = { messages: 33, lost: 0, repeated: 0, missed: 12, sessions: 2, undecodable: 0 };

test.each([
  [[], {}],
  [["2 measurements lost over CAN"], { lost: 2 }],
  [["1 measurements repeated over CAN"], { repeated: 1 }],
  [["3 messages over CAN that did not decode"], { undecodable: 3 }],
  [["1 sessions over CAN missing"], { sessions: 1 }],
])("findCanFaults() finds %j in counts with %j", (wanted, counts) => {
  expect(findCanFaults({ ...canWell, ...counts }, { interrupted: false })).toEqual(wanted);
});

test("findCanFaults() asks for no second session when the showing was interrupted", () => {
  expect(findCanFaults({ ...canWell, sessions: 1 }, { interrupted: true })).toEqual([]);
});
