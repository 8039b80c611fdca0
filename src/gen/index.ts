export { type GeneratedFile, generateHeaders } from "./c-header.js";
export { compareFiles, writeFiles } from "./files.js";
export { loadProtocols } from "./load-protocols.js";
