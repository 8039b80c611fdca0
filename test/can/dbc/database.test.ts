import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createDatabase, parseDbc, pgnOf } from "../../../src/can/dbc/index.js";
import { dataFrame, errorFrame, extendedId, fdFrame, remoteFrame, standardId } from "../../../src/can/index.js";

const dbc = parseDbc(readFileSync(join(import.meta.dirname, "../../fixtures/dbc/everything.dbc")));
const database = createDatabase(dbc);

describe("createDatabase()", () => {
  test("message() gives the codec of a message by its full name, and throws when there is none", () => {
    expect(database.message("EngineData")).toBe(database.message("EngineData"));
    expect(database.message("AMessageWhoseNameIsFarTooLongForTheFormat").lengthBytes).toBe(1);
    expect(() => database.message("Nothing")).toThrow(
      'No message of the database is called "Nothing": there are EngineData (100)',
    );
  });

  test("decode() gives name and values of a frame, and undefined for what it does not know", () => {
    const data = Uint8Array.of(0x40, 0x1f, 20, 0x0b, 0, 0, 0, 0);
    expect(database.decode(dataFrame(standardId(256), data))).toMatchObject({
      name: "EngineData",
      values: { Speed: 1000, Temperature: 60, GearLever: "Drive", Running: "On", Torque: -100, Load: 0 },
    });
    expect(database.decode(fdFrame(standardId(514), new Uint8Array(24)))).toMatchObject({
      name: "FlexibleData",
      values: { Tail: 0, Ratio: 0 },
    });
    expect(database.decode(dataFrame(standardId(0x7ff)))).toBeUndefined();
    expect(database.decode(dataFrame(extendedId(256), data))).toBeUndefined();
    expect(database.decode(remoteFrame(standardId(256), 8))).toBeUndefined();
    expect(database.decode(errorFrame(1))).toBeUndefined();
    expect(() => database.decode(dataFrame(standardId(256), [1]))).toThrow(
      expect.objectContaining({ code: "ERR_DECODE" }),
    );
  });

  test("find() matches the parameter group of J1939 messages, whatever priority and source address", () => {
    const codec = database.message("ElectronicEngineController");
    expect(codec.id).toBe(extendedId(0x18fef1fe));
    expect(database.find(extendedId(0x18fef1fe))).toBe(codec);
    expect(database.find(extendedId(0x0cfef100))).toBe(codec);
    expect(database.find(extendedId(0x18fef2fe))).toBeUndefined();
    expect(database.find(extendedId(0x19fef1fe))).toBeUndefined();
    expect(createDatabase(dbc, { j1939: false }).find(extendedId(0x0cfef100))).toBeUndefined();
    expect(createDatabase(dbc, { j1939: true }).find(extendedId(0x04000201))?.name).toBe("Diagnosis");
    expect(createDatabase(dbc).find(extendedId(0x04000201))).toBeUndefined();
  });

  test("find() takes the network's ProtocolType for messages that say nothing themselves", () => {
    const text = 'BO_ 2565800190 Group: 8 A\nBA_DEF_ "ProtocolType" STRING ;\nBA_ "ProtocolType" "J1939";';
    expect(createDatabase(parseDbc(text)).find(extendedId(0x0cef_1234))?.name).toBe("Group");
  });

  test.each([
    [0x18fef1fe, 0xfef1],
    [0x0cf00400, 0xf004],
    [0x18ef1234, 0xef00],
    [0x1dffffff, 0x1ffff],
    [0x1e01ff00, 0x20100],
  ])("pgnOf() of %d is %d", (id, wanted) => {
    expect(pgnOf(extendedId(id))).toBe(wanted);
  });

  test("frame() makes the kind of frame that the message is", () => {
    const engine = database.message("EngineData");
    expect(engine.frame(engine.initial())).toEqual(dataFrame(standardId(256), engine.encode(engine.initial())));
    const flexible = database.message("FlexibleData");
    expect(flexible.frame({ Tail: -2, Ratio: 0 })).toMatchObject({ kind: "fd", bitRateSwitch: true, id: 514 });
    expect(engine.cycleTimeMs).toBe(10);
    expect(flexible.cycleTimeMs).toBeUndefined();
  });

  test("initial() gives the start values, of the branch that is then there", () => {
    expect(database.message("EngineData").initial()).toMatchObject({
      Temperature: 20,
      GearLever: "Neutral",
      Torque: -100,
    });
    expect(database.message("Diagnosis").initial()).toEqual({ Service: 0, Voltage: 0, Status: 0 });
    expect(database.message("Nested").initial()).toEqual({ Outer: 0, Inner: 3, Narrow: 0 });
  });

  test("encode() fills what no signal takes with ones in messages of J1939", () => {
    const codec = database.message("ElectronicEngineController");
    expect(Buffer.from(codec.encode({ EngineSpeed: 1000 })).toString("hex")).toBe("ffffff401fffffff");
    expect(createDatabase(dbc, { fill: 0 }).message(codec.name).encode({ EngineSpeed: 0 })).toEqual(new Uint8Array(8));
  });

  test("createDatabase() throws when an option is unknown", () => {
    expect(() => createDatabase(dbc, { pgn: true } as never)).toThrow(TypeError);
    expect(() => createDatabase(dbc, { j1939: "yes" as never })).toThrow(TypeError);
  });
});
