/** Signals of each message of {@link makeDbc}. */
export const SIGNALS_PER_MESSAGE = 10;

/** The text of a DBC file as tools of the trade write it: comments, attributes and value names for every message. */
export function makeDbc(messages: number): string {
  const lines = [
    'VERSION "bench"',
    "",
    "NS_ :",
    "\tCM_",
    "\tBA_DEF_",
    "",
    "BS_:",
    "",
    "BU_: Engine Gateway Display",
    "",
  ];
  const details = [
    'BA_DEF_ BO_ "GenMsgCycleTime" INT 0 65535;',
    'BA_DEF_ SG_ "GenSigStartValue" FLOAT -100000 100000;',
    'BA_DEF_DEF_ "GenMsgCycleTime" 0;',
    'BA_DEF_DEF_ "GenSigStartValue" 0;',
  ];
  for (let message = 0; message < messages; message++) {
    const id = 0x100 + message;
    lines.push(`BO_ ${id} Message_${message}: 8 Engine`);
    details.push(`CM_ BO_ ${id} "What message ${message} tells of the engine, and when.";`);
    details.push(`BA_ "GenMsgCycleTime" BO_ ${id} ${10 + (message % 10) * 10};`);
    for (let signal = 0; signal < SIGNALS_PER_MESSAGE; signal++) {
      const name = `Signal_${message}_${signal}`;
      const layout = `${signal * 6}|6@1${signal % 2 === 0 ? "+" : "-"} (0.5,-10)`;
      lines.push(` SG_ ${name} : ${layout} [-26|21.5] "degC" Gateway,Display`);
      details.push(`CM_ SG_ ${id} ${name} "Signal ${signal} of message ${message}.";`);
      details.push(`BA_ "GenSigStartValue" SG_ ${id} ${name} ${signal};`);
      if (signal % 3 === 0) details.push(`VAL_ ${id} ${name} 0 "Off" 1 "On" 2 "Error" 3 "Not available" ;`);
    }
    lines.push("");
  }
  return `${[...lines, ...details].join("\n")}\n`;
}

/** The message of the motohawk example: three big-endian signals, of 1, 6 and 12 bits. */
export const MOTOHAWK = `VERSION "1.0"
BU_: PCM1 FOO
BO_ 496 ExampleMessage: 8 PCM1
 SG_ Enable : 7|1@0+ (1,0) [0|0] "-" PCM1,FOO
 SG_ AverageRadius : 6|6@0+ (0.1,0) [0|5] "m" Vector__XXX
 SG_ Temperature : 0|12@0- (0.01,250) [229.53|270.47] "degK" PCM1,FOO
VAL_ 496 Enable 0 "Disabled" 1 "Enabled" ;
`;
