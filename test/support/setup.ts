import fc from "fast-check";
import { readSeed } from "./seed.js";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: readSeed() });
