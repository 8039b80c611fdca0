import { create, createFileRegistry, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import type { SampleValue } from "../message.js";

const { BOOL, DOUBLE, FLOAT, INT64, MESSAGE, UINT32 } = FieldDescriptorProto_Type;

/** A message type from its fields in the order of their numbers; a string is the name of a message type. */
function describe(name: string, fields: Readonly<Record<string, FieldDescriptorProto_Type | string>>) {
  return create(DescriptorProtoSchema, {
    name,
    field: Object.entries(fields).map(([field, type], index) =>
      create(FieldDescriptorProtoSchema, {
        name: field,
        number: index + 1,
        label: FieldDescriptorProto_Label.OPTIONAL,
        ...(typeof type === "string" ? { type: MESSAGE, typeName: `.bench.${type}` } : { type }),
      }),
    ),
  });
}

function sampleType(): DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: "bench.proto",
    package: "bench",
    syntax: "proto3",
    messageType: [
      describe("Position", { x: DOUBLE, y: DOUBLE, z: DOUBLE }),
      describe("Attitude", { w: FLOAT, x: FLOAT, y: FLOAT, z: FLOAT }),
      describe("Sample", {
        ...{ sequence: UINT32, channel: UINT32, quality: UINT32, valid: BOOL, timeNs: INT64, value: DOUBLE },
        ...{ position: "Position", attitude: "Attitude" },
      }),
    ],
  });
  const type = createFileRegistry(file, () => undefined).getMessage("bench.Sample");
  if (type === undefined) throw new Error("The registry does not hold the type that was put into it");
  return type;
}

/** The typed message of the benchmarks as protobuf-es encodes and decodes it. */
export class ProtobufSample {
  readonly #type = sampleType();
  readonly #types = {
    position: this.#nested("position"),
    attitude: this.#nested("attitude"),
  };

  /** What an application of protobuf-es would have in the place of the object. */
  make(sample: SampleValue): Message {
    return create(this.#type, {
      ...sample,
      timeNs: BigInt(sample.timeNs),
      position: create(this.#types.position, { ...sample.position } as Record<string, unknown>),
      attitude: create(this.#types.attitude, { ...sample.attitude } as Record<string, unknown>),
    } as Record<string, unknown>);
  }

  encode(message: Message): Uint8Array {
    return toBinary(this.#type, message);
  }

  decode(bytes: Uint8Array): Message {
    return fromBinary(this.#type, bytes);
  }

  #nested(name: string): DescMessage {
    const type = this.#type.field[name]?.message;
    if (type === undefined) throw new Error(`Field ${name} is no message`);
    return type;
  }
}
