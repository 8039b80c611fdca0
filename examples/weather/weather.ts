import { defineProtocol } from "intercell/channel";
import { f64, struct, u32 } from "intercell/schema";

const Temperature = struct("Temperature", { sensor: u32, celsius: f64 });
const Calibrate = struct("Calibrate", { offset: f64 });
const Calibrated = struct("Calibrated", { before: f64 });

export const weather = defineProtocol("weather", {
  messages: { temperature: Temperature },
  requests: { calibrate: { request: Calibrate, reply: Calibrated } },
});
