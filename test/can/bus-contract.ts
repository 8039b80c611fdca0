import { afterEach, beforeEach, describe } from "vitest";
import type { CanBus, CanBusOptions } from "../../src/can/index.js";
import { describeCarriage, describeFilters } from "./bus-frames.js";
import { describeArguments, describeClose, describeInterface } from "./bus-life.js";
import { describePressure } from "./bus-pressure.js";
import { describeReading } from "./bus-reading.js";
import type { BusStage, BusTraits, OpenStage } from "./bus-stage.js";

/** What the parts of the contract get: a stage that is opened for each test, and handles that are closed after it. */
export interface BusBench {
  readonly stage: BusStage;
  readonly traits: BusTraits;
  open(end: 0 | 1, options?: CanBusOptions): Promise<CanBus>;
}

/** Holds a kind of CAN bus against the contract of CanBus in src/can/bus.ts. */
export function describeBus(name: string, openStage: OpenStage, traits: BusTraits): void {
  describe(`${name} as a CanBus`, () => {
    let stage: BusStage;
    const handles: CanBus[] = [];

    beforeEach(async () => {
      stage = await openStage();
    });

    afterEach(async () => {
      for (const handle of handles.splice(0)) handle.close();
      await stage.close();
    });

    const bench: BusBench = {
      get stage() {
        return stage;
      },
      traits,
      open: async (end, options) => {
        const handle = await stage.open(end, options);
        handles.push(handle);
        return handle;
      },
    };

    describeCarriage(bench);
    describeFilters(bench);
    describeReading(bench);
    describePressure(bench);
    describeInterface(bench);
    describeClose(bench);
    describeArguments(bench);
  });
}
