import type { CodecSettings } from "./options.js";
import type { MessagePlan } from "./plan.js";

/**
 * In what form values are read.
 *
 * - `named`: the name of the raw value if it has one, else the physical value
 * - `physical`: the physical value
 * - `raw`: the raw value
 */
export type ReadForm = "named" | "physical" | "raw";

/** In what form values are given: physical values and names, or raw values. */
export type WriteForm = "physical" | "raw";

export type Values = Record<string, unknown>;

/** Reads all signals of a payload; what the plan has at one time of its multiplexers. */
export type Decoder = (data: Uint8Array) => Values;

/** Writes all signals into a payload, which is filled already. */
export type Encoder = (values: Values, data: Uint8Array) => void;

/** One way to make the functions of a codec. They throw a Refusal for what they refuse. */
export interface Engine {
  decoder(plan: MessagePlan, form: ReadForm, settings: CodecSettings): Decoder;
  encoder(plan: MessagePlan, form: WriteForm, settings: CodecSettings): Encoder;
}
