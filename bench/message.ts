import { defineProtocol } from "intercell/channel";
import { bool, f32, f64, fixedBytes, i64AsNumber, type Struct, struct, u8, u16, u32 } from "intercell/schema";

const Position = struct("Position", { x: f64, y: f64, z: f64 });
const Attitude = struct("Attitude", { w: f32, x: f32, y: f32, z: f32 });

/** The typed message of the measurements: 8 mixed fields, 64 bytes without padding. */
export const Sample = struct("Sample", {
  sequence: u32,
  channel: u16,
  quality: u8,
  valid: bool,
  timeNs: i64AsNumber,
  value: f64,
  position: Position,
  attitude: Attitude,
});

export type SampleValue = Parameters<typeof Sample.codec.encode>[0];

/** A message with every field set, made anew as an application would. */
export function makeSample(sequence: number): SampleValue {
  return {
    sequence,
    channel: 7,
    quality: 200,
    valid: true,
    timeNs: 1_700_000_000_000_000 + sequence,
    value: 21.5,
    position: { x: 1.25, y: -2.5, z: sequence },
    attitude: { w: 1, x: 0, y: 0.5, z: -0.25 },
  };
}

/** Reads every field, so that no reading can be left out. Works on values and on views. */
export function readSample(sample: SampleValue): number {
  const { position, attitude } = sample;
  const flags = sample.channel + sample.quality + (sample.valid ? 1 : 0);
  const numbers = sample.sequence + sample.timeNs + sample.value;
  return flags + numbers + position.x + position.y + position.z + attitude.w + attitude.x + attitude.y + attitude.z;
}

export const sampleProtocol = defineProtocol("bench_sample", { messages: { sample: Sample } });

/** A protocol with one message `blob` of `sizeBytes` bytes, for what is sent raw. */
export function blobProtocol(sizeBytes: number) {
  const Blob: Struct<{ readonly data: Uint8Array }> = struct("Blob", { data: fixedBytes(sizeBytes) });
  return defineProtocol("bench_blob", { messages: { blob: Blob } });
}
