import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type Channel,
  type ChannelOf,
  defineProtocol,
  type Latest,
  type MessageInfo,
  openChannel,
  type ProtocolDefinition,
  type Receiver,
  type Sender,
} from "../../src/channel/index.js";
import { Alarm, Jitter, Measurement } from "./jitter.js";
import { createPair } from "./open-pair.js";

type M = { tick: number; lastNs: number };
type S = { count: number; worstNs: number };

describe("types", () => {
  test("follow from the definition", () => {
    const channel = openChannel(createPair().left, Jitter);
    expectTypeOf(channel.trySend<"measurement">).parameters.toEqualTypeOf<["measurement", M]>();
    expectTypeOf(channel.sender("measurement")).toEqualTypeOf<Sender<M>>();
    expectTypeOf(channel.receive("measurement")).toEqualTypeOf<Receiver<M>>();
    expectTypeOf(channel.receive("alarm")).toEqualTypeOf<Receiver<{ code: number }>>();
    expectTypeOf(channel.request<"reset">).returns.resolves.toEqualTypeOf<S>();
    expectTypeOf(channel.latest("stats")).toEqualTypeOf<Latest<S> | undefined>();
    channel.messages.on("alarm", (value, info) => {
      expectTypeOf(value).toEqualTypeOf<{ code: number }>();
      expectTypeOf(info).toEqualTypeOf<MessageInfo>();
    });
    channel.onView("measurement", (fields) => {
      expectTypeOf(fields.tick).toEqualTypeOf<number>();
      // @ts-expect-error fields of a view are read only
      fields.tick = 1;
    });
    channel.handle("reset", (request) => {
      expectTypeOf(request).toEqualTypeOf<{ hard: boolean }>();
      return { count: 1, worstNs: 1 };
    });
  });

  test("ChannelOf names the channel of a protocol, which openChannel() gives", () => {
    const count = (channel: ChannelOf<typeof Jitter>): number => channel.latest("stats")?.value.count ?? 0;
    const channel = openChannel(createPair().left, Jitter);
    expectTypeOf<ChannelOf<typeof Jitter>>().toEqualTypeOf<typeof channel>();
    expect(count(channel)).toBe(0);
  });

  test("refuse what is not in the definition, as the code does", () => {
    const channel = openChannel(createPair().left, Jitter);
    const onlyMessages = openChannel(
      createPair().left,
      defineProtocol("p", { messages: { measurement: Measurement } }),
    );
    // @ts-expect-error a broadcast is not sent to one peer
    expect(() => channel.trySend("alarm", { code: 1 })).toThrow(TypeError);
    // @ts-expect-error a message is not broadcast
    expect(() => channel.broadcast("measurement", { tick: 1, lastNs: 1 })).toThrow(TypeError);
    // @ts-expect-error there is no such message
    expect(() => channel.messages.on("mesurement", () => {})).toThrow(TypeError);
    // @ts-expect-error there are no topics
    expect(() => onlyMessages.publish("stats", { count: 1, worstNs: 1 })).toThrow(TypeError);
    // @ts-expect-error there are no requests
    expect(() => onlyMessages.handle("reset", () => {})).toThrow(TypeError);
    // @ts-expect-error only structs are messages
    expect(() => defineProtocol("p", { messages: { m: 1 } })).toThrow(TypeError);
    // @ts-expect-error the reply has another type
    channel.handle("reset", () => ({ tick: 1 }));
    // @ts-expect-error a field is missing
    channel.trySend("measurement", { tick: 1 });
  });

  test("let any channel be used where the protocol does not matter", () => {
    const close = (any: Pick<Channel, "close" | "status">): string => {
      any.close();
      return any.status;
    };
    const definition = { messages: { alarm: Alarm } } satisfies ProtocolDefinition;
    const channel = openChannel(createPair().left, defineProtocol("p", definition));
    expectTypeOf(channel.sender("alarm")).toEqualTypeOf<Sender<{ code: number }>>();
    expect(close(channel)).toBe("closed");
  });
});
