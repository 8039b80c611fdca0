/**
 * A name as C writes it: a word begins at each capital letter that follows a small letter or a digit, and at the last
 * of several capitals before a small letter; words are joined by one underscore, in small letters. `jitterNs` is
 * `jitter_ns`, `HTTPServer` is `http_server`, `u8Data` is `u8_data`.
 */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .replace(/_+/g, "_")
    .replace(/_$/, "");
}

/** {@link snakeCase} in capitals, for macros and enumerators. */
export function upperSnakeCase(name: string): string {
  return snakeCase(name).toUpperCase();
}

/**
 * Keywords of C11, C23 and C++17 to C++23, and the macros without parameters that the standard headers and the
 * compilers define, as far as they are in small letters (C++23 5.11 and 5.12; C23 6.4.1).
 */
const words =
  "alignas alignof and and_eq asm assert atomic_cancel atomic_commit auto bitand bitor bool break case catch char " +
  "char8_t char16_t char32_t class co_await co_return co_yield compl complex concept const const_cast consteval " +
  "constexpr constinit continue decltype default delete do double dynamic_cast else enum errno explicit export extern " +
  "false float for friend goto i386 if imaginary inline int linux long mutable namespace new noexcept noreturn not " +
  "not_eq nullptr offsetof operator or or_eq private protected public register reinterpret_cast requires restrict " +
  "return short signed sizeof static static_assert static_cast stderr stdin stdout struct switch synchronized " +
  "template this thread_local throw true try typedef typeid typename typeof typeof_unqual union unix unsigned using " +
  "virtual void volatile wchar_t while xor xor_eq";

const reserved: ReadonlySet<string> = new Set(words.split(" "));

/** The name of a struct member: {@link snakeCase}, with an underscore behind what C or C++ keep for themselves. */
export function memberName(name: string): string {
  const snake = snakeCase(name);
  return reserved.has(snake) ? `${snake}_` : snake;
}

/** The headers of C, POSIX and C++ that a generated header of the same name would hide from `#include`. */
const headers =
  "aio assert complex ctype dirent dlfcn endian err errno fcntl fenv float ftw getopt glob grp inttypes iso646 " +
  "libgen limits locale malloc math memory netdb ncurses poll pthread pwd regex sched search semaphore setjmp signal " +
  "spawn stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string strings " +
  "syslog tar termios tgmath threads time uchar ulimit unistd utime utmpx values wchar wctype wordexp";

const headerNames: ReadonlySet<string> = new Set(headers.split(" "));

/** What all C names of a protocol begin with, which is also the name of its header without `.h`. */
export function protocolPrefix(name: string): string {
  const prefix = snakeCase(name);
  const place = `Cannot generate C from protocol ${name} as`;
  if (headerNames.has(prefix)) throw new TypeError(`${place} ${prefix}.h is a header of the system: rename it`);
  if (prefix === "intercell" || prefix.startsWith("intercell_")) {
    throw new TypeError(`${place} names that begin with intercell_ are the library's: rename it`);
  }
  return prefix;
}
