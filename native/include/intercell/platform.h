/* SPDX-License-Identifier: MIT */
/*
 * What the library needs of the machine. All of it can be replaced by defining the macro before the first include of a
 * header of this folder.
 *
 *   INTERCELL_FENCE()                full fence: all earlier loads and stores before all later ones
 *   INTERCELL_LOAD(p)                one 32-bit load that the compiler does not repeat, tear or leave out
 *   INTERCELL_OBSERVE(p)             the same, with acquire order
 *   INTERCELL_STORE(p, v)            one 32-bit store
 *   INTERCELL_PUBLISH(p, v)          the same, with release order
 *   INTERCELL_COPY_IN(to, from, n)   from shared memory to private memory; both 8-aligned, n a multiple of 8
 *   INTERCELL_COPY_OUT(to, from, n)  from private memory of any alignment to shared memory that is 8-aligned
 *
 * The defaults are loops of volatile words, so that the compiler makes no call of memcpy or memset from them and reads
 * each word of a peer once.
 */
#ifndef INTERCELL_PLATFORM_H
#define INTERCELL_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "The intercell wire is little-endian, and this library does not swap bytes"
#endif

#ifdef __cplusplus
#define INTERCELL_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define INTERCELL_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/* A function that is small or on the path of a message. */
#define INTERCELL_FN static inline
/* A single load or store: a call would be larger than it is. */
#define INTERCELL_ACCESS static inline __attribute__((always_inline))
/* A function off that path: kept out of line, as an inmate counts its bytes. */
#define INTERCELL_COLD static __attribute__((noinline, unused))

#ifndef INTERCELL_FENCE
#define INTERCELL_FENCE() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif
#ifndef INTERCELL_LOAD
#define INTERCELL_LOAD(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#endif
#ifndef INTERCELL_OBSERVE
#define INTERCELL_OBSERVE(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#endif
#ifndef INTERCELL_STORE
#define INTERCELL_STORE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#endif
#ifndef INTERCELL_PUBLISH
#define INTERCELL_PUBLISH(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#endif

#if UINTPTR_MAX > 0xffffffffu
typedef uint64_t __attribute__((may_alias)) intercell_word;
#else
typedef uint32_t __attribute__((may_alias)) intercell_word;
#endif
typedef uint32_t __attribute__((may_alias)) intercell_u32;
/* For a member that is copied by intercell_copy_words(). */
#define INTERCELL_ALIGNED __attribute__((aligned(sizeof(intercell_word))))

/* Hooks that cost a trap or are rarely called; @clock_ms may be NULL. */
struct intercell_platform {
	/* Loads or stores a register of the device with one aligned 32-bit access. */
	uint32_t (*read_register)(void *context, uint32_t offset);
	void (*write_register)(void *context, uint32_t offset, uint32_t value);
	/* Milliseconds since any moment, modulo 2^32. Without it there is no stall detection and no timeout. */
	uint32_t (*clock_ms)(void *context);
	void *context;
};

INTERCELL_ACCESS uint32_t intercell_load(const void *base, uint32_t offset)
{
	return INTERCELL_LOAD((const volatile intercell_u32 *)((const unsigned char *)base + offset));
}

INTERCELL_ACCESS uint32_t intercell_observe(const void *base, uint32_t offset)
{
	return INTERCELL_OBSERVE((const volatile intercell_u32 *)((const unsigned char *)base + offset));
}

INTERCELL_ACCESS void intercell_store(void *base, uint32_t offset, uint32_t value)
{
	INTERCELL_STORE((volatile intercell_u32 *)((unsigned char *)base + offset), value);
}

INTERCELL_ACCESS void intercell_publish(void *base, uint32_t offset, uint32_t value)
{
	INTERCELL_PUBLISH((volatile intercell_u32 *)((unsigned char *)base + offset), value);
}

INTERCELL_FN void intercell_copy_words(void *to, const void *from, uint32_t length)
{
	volatile intercell_word *target = (volatile intercell_word *)to;
	const volatile intercell_word *source = (const volatile intercell_word *)from;
	uint32_t words = length / (uint32_t)sizeof(intercell_word);
	uint32_t i;

	for (i = 0; i < words; i++)
		target[i] = source[i];
}

INTERCELL_FN void intercell_copy_bytes(void *to, const void *from, uint32_t length)
{
	volatile unsigned char *target = (volatile unsigned char *)to;
	const unsigned char *source = (const unsigned char *)from;
	uint32_t whole = 0;
	uint32_t i;

	if ((((uintptr_t)to | (uintptr_t)from) & (sizeof(intercell_word) - 1)) == 0) {
		whole = length & ~((uint32_t)sizeof(intercell_word) - 1);
		intercell_copy_words(to, from, whole);
	}
	for (i = whole; i < length; i++)
		target[i] = source[i];
}

#ifndef INTERCELL_COPY_IN
#define INTERCELL_COPY_IN(to, from, length) intercell_copy_words((to), (from), (length))
#endif
#ifndef INTERCELL_COPY_OUT
#define INTERCELL_COPY_OUT(to, from, length) intercell_copy_bytes((to), (from), (length))
#endif

INTERCELL_COLD void intercell_zero(void *to, uint32_t length)
{
	volatile unsigned char *target = (volatile unsigned char *)to;
	uint32_t i;

	for (i = 0; i < length; i++)
		target[i] = 0;
}

/* Zeroes whole lines of shared memory word by word, as a byte store is not a store of the wire's words. */
INTERCELL_COLD void intercell_zero_words(void *base, uint32_t offset, uint32_t length)
{
	uint32_t at;

	for (at = 0; at < length; at += 4)
		intercell_store(base, offset + at, 0);
}

#endif
