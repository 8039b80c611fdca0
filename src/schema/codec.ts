/** Values that are read and written whole, unlike the fields of a struct. */
type Whole = string | number | bigint | boolean | readonly unknown[] | ArrayBufferView;

/** The fields of a message, read in place. A nested struct is such an object too, always the same one. */
export type FieldReader<T> = { readonly [K in keyof T]: T[K] extends Whole ? T[K] : FieldReader<T[K]> };

/** The fields of a message, written in place. A nested struct is written field by field. */
export type FieldWriter<T> = { [K in keyof T as T[K] extends Whole ? K : never]: T[K] } & {
  readonly [K in keyof T as T[K] extends Whole ? never : K]: FieldWriter<T[K]>;
};

/**
 * A reusable reader. Reading a number, bigint, boolean or enum makes no garbage; other fields are copied out.
 *
 * Each read goes to memory again: over memory that a peer can write, two reads of one field may differ.
 */
export interface View<T> {
  /**
   * Places the reader over a message and gives its fields, always the same object.
   *
   * @param length bytes of the message.
   * @throws IntercellError `ERR_DECODE` if a message of this type cannot have `length` bytes; and, when a field is
   * read, if its bytes hold no value of its type.
   * @throws RangeError if the bytes do not lie within `view`.
   */
  at(view: DataView, offset: number, length: number): FieldReader<T>;
}

/** A reusable writer. Fields can be set in any order, and read back. */
export interface Writer<T> {
  /**
   * Places the writer over `size` bytes and gives the fields, always the same object, each zero or empty. A setter
   * throws TypeError or RangeError if its value does not fit, and may then have written a part of its field.
   *
   * @throws RangeError if `size` bytes from `offset` do not lie within `view`.
   */
  begin(view: DataView, offset: number): FieldWriter<T>;
  /**
   * Ends the message and gives its bytes, as {@link Codec.encode} does. Padding among them is zero.
   *
   * @throws TypeError if an enum that has no member 0 was not set, as the message would not decode.
   */
  end(): number;
}

/** Turns messages of one type into bytes and back. */
export interface Codec<T> {
  /** Bytes of the longest message. */
  readonly size: number;
  /** Bytes of the shortest message; equal to `size` unless the message can be truncated. */
  readonly minSize: number;
  /** Bytes that the offset of a message is a multiple of where C reads it in place. This codec needs no alignment. */
  readonly align: number;
  /**
   * Writes a message and gives its bytes: `size`, or those up to the used end of a last field that is `bytes()` or
   * `text()`. Writes exactly these, padding and unused tails as zero. If it throws, some of them may have been written.
   *
   * @throws TypeError or RangeError, naming the path, if the value does not fit the type or the bytes the view.
   */
  encode(value: T, view: DataView, offset: number): number;
  /**
   * Reads a message of `length` bytes. Reads each byte's value once, so memory that a peer can write gives either a
   * value that fits the type or a fault.
   *
   * @throws IntercellError `ERR_DECODE`, naming the path, if the bytes hold no message of this type.
   * @throws RangeError if the bytes do not lie within `view`.
   */
  decode(view: DataView, offset: number, length: number): T;
  /** Makes a reader of fields in place. */
  view(): View<T>;
  /** Makes a writer of fields in place. */
  writer(): Writer<T>;
}
