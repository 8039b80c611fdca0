import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineProtocol, type Protocol } from "../../src/channel/index.js";
import { generateHeaders } from "../../src/gen/c-header.js";
import type { AnyType, Struct } from "../../src/schema/index.js";
import { arbitraryMessage } from "../schema/arbitrary.js";
import { readSeed } from "../support/seed.js";
import { skipUnless } from "../support/skip.js";
import { hasTool, sanitizers, Workshop } from "./compiler.js";

const SCHEMAS = 24;
const MUTATIONS = 40;

/** A protocol with one message, named by its number so that all headers fit into one program. */
interface Subject {
  readonly protocol: Protocol;
  readonly type: Struct;
  readonly value: unknown;
}

/** Random names can become one in C, which the generator refuses. */
function canGenerate(protocol: Protocol): boolean {
  try {
    generateHeaders([protocol]);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

const subjects: readonly Subject[] = fc
  .sample(arbitraryMessage(1), { numRuns: 2 * SCHEMAS, seed: readSeed() })
  .map(([type, value], index) => ({ protocol: defineProtocol(`p${index}`, { messages: { m: type } }), type, value }))
  .filter(({ protocol }) => canGenerate(protocol))
  .slice(0, SCHEMAS);

/** Answers each line `subject hexadecimal` with what decoding and encoding again gives, or with `refused`. */
function program(): string {
  const cases = subjects.map(({ protocol, type }, index) => {
    const { name } = protocol;
    const tag = type.name.toLowerCase();
    const encode = `answer(${name}_encode_${tag}(again, value));`;
    // A struct that is its own message has no function to encode it.
    const plain = "memcpy(again, value, sizeof(*value)); answer((int)sizeof(*value));";
    const encodes = generateHeaders([protocol])[0]?.text.includes(`${name}_encode_${tag}(`) ?? false;
    return [
      `\tcase ${index}: {`,
      `\t\tconst struct ${name}_${tag} *value = ${name}_decode_${tag}(bytes, length);`,
      "",
      `\t\tif (!value) { printf("refused\\n"); } else { ${encodes ? encode : plain} }`,
      "\t\tbreak;",
      "\t}",
    ].join("\n");
  });
  return `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
${subjects.map(({ protocol }) => `#include "${protocol.name}.h"`).join("\n")}

static _Alignas(8) unsigned char again[1 << 16];

static void answer(int length)
{
	int i;

	for (i = 0; i < length; i++)
		printf("%02x", again[i]);
	printf(length < 0 ? "error %d\\n" : "\\n", length);
}

int main(void)
{
	unsigned subject, byte;
	uint32_t length, i;

	while (scanf("%u %u", &subject, &length) == 2) {
		/* Exactly as long as the message, so that the sanitizer sees what lies behind it. */
		unsigned char *bytes = malloc(length + 1);

		memset(again, 0x55, sizeof(again));
		for (i = 0; i < length && scanf("%2x", &byte) == 1; i++)
			bytes[i] = (unsigned char)byte;
		bytes = realloc(bytes, length > 0 ? length : 1);
		switch (subject) {
${cases.join("\n")}
		}
		free(bytes);
	}
	return 0;
}
`;
}

function encode({ type, value }: Subject): Buffer {
  const bytes = Buffer.alloc(type.size);
  return bytes.subarray(0, type.codec.encode(value, new DataView(bytes.buffer, bytes.byteOffset), 0));
}

/** Calls `visit` for the ranges of a value that hold nothing: padding, and what lies behind the end of texts and bytes. */
function visitUnused(type: AnyType, bytes: Buffer, at: number, visit: (from: number, to: number) => void): void {
  if (type.kind === "array") {
    for (let i = 0; i < type.length; i++) visitUnused(type.element, bytes, at + i * type.element.size, visit);
  } else if (type.kind === "fixedText") {
    const end = bytes.subarray(at, at + type.length).indexOf(0);
    if (end >= 0) visit(at + end + 1, at + type.length);
  } else if (type.kind === "bytes" || type.kind === "text") {
    const length = type.prefix === 2 ? bytes.readUInt16LE(at) : bytes.readUInt32LE(at);
    visit(at + type.prefix + length, at + type.size);
  } else if (type.kind === "struct") {
    let end = 0;
    for (const field of [...type.fields, { offset: type.size, size: 0, type: undefined }]) {
      visit(at + end, at + field.offset);
      if (field.type !== undefined) visitUnused(field.type, bytes, at + field.offset, visit);
      end = field.offset + field.size;
    }
  }
}

/** The same message, not truncated, with 0xaa in all places that hold nothing. */
function soil(subject: Subject): Buffer {
  const bytes = Buffer.alloc(subject.type.size);
  encode(subject).copy(bytes);
  visitUnused(subject.type, Buffer.from(bytes), 0, (from, to) => bytes.fill(0xaa, from, to));
  return bytes;
}

function hasKind(type: AnyType, match: (type: AnyType) => boolean): boolean {
  if (match(type)) return true;
  if (type.kind === "array") return hasKind(type.element, match);
  return type.kind === "struct" && type.fields.some((field) => hasKind(field.type, match));
}

/** C has no limit of 2^53, and JavaScript does not keep all bits of a NaN. */
const differs = (type: AnyType) =>
  type.kind === "scalar" && (type.asNumber || type.wire === "f32" || type.wire === "f64");

/** What TypeScript makes of bytes, in the words of the program. */
function decodeAndEncode({ protocol, type }: Subject, bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return encode({ protocol, type, value: type.codec.decode(view, 0, bytes.byteLength) }).toString("hex");
  } catch {
    return "refused";
  }
}

/** Some bytes of a message changed, or its end moved. */
function arbitraryMutation(bytes: Buffer, size: number): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat({ max: Math.max(0, size - 1) }), fc.nat({ max: 255 })), { maxLength: 3 });
  const length = fc.oneof(fc.constant(bytes.length), fc.constant(size), fc.nat({ max: size + 2 }));
  return fc.tuple(edits, length).map(([changes, newLength]) => {
    const copy = new Uint8Array(newLength);
    copy.set(bytes.subarray(0, newLength));
    for (const [at, value] of changes) if (at < newLength) copy[at] = value;
    return copy;
  });
}

describe("random schemas", () => {
  test("C takes and gives what TypeScript does when the schemas are random", () => {
    const cases: { readonly input: string; readonly wanted: string }[] = [];
    const add = (index: number, bytes: Uint8Array, wanted: string) =>
      cases.push({ input: `${index} ${bytes.length} ${Buffer.from(bytes).toString("hex")}`, wanted });
    subjects.forEach((subject, index) => {
      const bytes = encode(subject);
      add(index, bytes, bytes.toString("hex"));
      add(index, soil(subject), bytes.toString("hex"));
      if (hasKind(subject.type, differs)) return;
      const mutation = arbitraryMutation(bytes, subject.type.size);
      for (const mutated of fc.sample(mutation, { numRuns: MUTATIONS, seed: readSeed() })) {
        add(index, mutated, decodeAndEncode(subject, mutated));
      }
    });
    using shop = new Workshop();
    for (const { name, text } of generateHeaders(subjects.map(({ protocol }) => protocol))) shop.write(name, text);
    const built = shop.compile(
      "gcc",
      [...sanitizers, "-Wno-unused-function"],
      shop.write("random.c", program()),
      "random",
    );
    const lines = shop
      .run([built], cases.map(({ input }) => `${input}\n`).join(""))
      .trimEnd()
      .split("\n");
    expect(lines.map((found, i) => ({ input: cases[i]?.input, found }))).toEqual(
      cases.map(({ input, wanted }) => ({ input, found: wanted })),
    );
    expect(subjects).toHaveLength(SCHEMAS);
    const refusals = cases.filter(({ wanted }) => wanted === "refused").length;
    console.log(`${subjects.length} schemas, ${cases.length} messages, ${refusals} of them refused by both`);
  });

  for (const [compiler, options, tool] of [
    ["clang++", ["-std=c++17", "-x", "c++"], "clang"],
    ["arm-linux-gnueabihf-gcc", ["-std=c11", "-mno-unaligned-access"], "arm-linux-gnueabihf-gcc"],
  ] as const) {
    const name = `${compiler} compiles the headers of random schemas when they are included together`;
    test(name, skipUnless(hasTool(tool), `${tool} is missing`), () => {
      using shop = new Workshop();
      const files = generateHeaders(subjects.map(({ protocol }) => protocol));
      for (const file of files) shop.write(file.name, file.text);
      const source = shop.write("all.c", files.map((file) => `#include "${file.name}"\n`).join(""));
      shop.compile(compiler, ["-ffreestanding", "-c", "-O1", ...options], source, "all.o");
    });
  }
});
