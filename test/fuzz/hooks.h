/* SPDX-License-Identifier: MIT */
/*
 * Accesses of the library to shared memory, with a peer that may rewrite its section between any two of them. To be
 * included before the library. Each access of the cell under test is held against what docs/wire-protocol.md allows: it
 * reads its own section and those of its peers, and stores into its own alone.
 */
#ifndef FUZZ_HOOKS_H
#define FUZZ_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION 0x2000u
#define PEERS 3u
/* The cell under test, the cell whose section the input rewrites, and one that keeps to the rules. */
#define VICTIM 0u
#define LIAR 1u
#define WITNESS 2u

#define REQUIRE(condition)                                                              \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

/* Each in an allocation of its own, so that the sanitizer sees the first byte outside. */
static unsigned char *sections[PEERS];
/* Which cell runs; only the victim's accesses are counted and interrupted. */
static unsigned running;
static uint32_t accesses;
static bool interrupting;

/* The input, read byte by byte; behind its end there are zeros. */
static const uint8_t *input;
static size_t input_left;

static inline uint32_t take_byte(void)
{
	if (input_left == 0)
		return 0;
	input_left--;
	return *input++;
}

static inline uint32_t take_word(void)
{
	uint32_t low = take_byte();

	return low | take_byte() << 8 | take_byte() << 16 | take_byte() << 24;
}

static inline uint32_t *word_at(unsigned cell, uint32_t offset)
{
	return (uint32_t *)(void *)(sections[cell] + (offset & (SECTION - 4u)));
}

/* Values that lie at the edges of what is checked. */
static inline uint32_t take_value(uint32_t present)
{
	static const uint32_t edges[] = {
		0,     1,     7,      8,      16,         0x80,       0xff,       0x100,
		0x7f8, 0x800, 0x1000, 0x1ff8, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff,
	};
	uint32_t how = take_byte();

	switch (how & 3) {
	case 0:
		return take_word();
	case 1:
		return edges[how >> 2 & 15];
	case 2:
		return present ^ 1u << (how >> 2 & 31);
	default:
		return present + 8u * (how >> 2) - 256u;
	}
}

/* Loads of the victim until the liar's section changes again, and the word that is restored then. */
static uint32_t countdown;
static uint32_t changed_offset;
static uint32_t changed_value;

static inline void change_word(uint32_t offset, uint32_t value)
{
	changed_offset = offset;
	changed_value = *word_at(LIAR, offset);
	*word_at(LIAR, offset) = value;
}

/* Rewrites the word that is about to be read, another one, or the one that was rewritten last as it was before. */
static inline void interrupt_load(uint32_t offset)
{
	uint32_t where;

	if (!interrupting || input_left == 0)
		return;
	if (countdown > 0) {
		countdown--;
		return;
	}
	countdown = take_byte();
	where = take_byte();
	if (where < 160)
		change_word(offset, take_value(*word_at(LIAR, offset)));
	else if (where < 208)
		change_word((where << 8 | take_byte()) * 4u, take_value(*word_at(LIAR, offset)));
	else
		change_word(changed_offset, changed_value);
}

static inline void before_load(const volatile void *from)
{
	const volatile unsigned char *at = from;

	if (running != VICTIM)
		return;
	accesses++;
	if (at >= sections[LIAR] && at < sections[LIAR] + SECTION)
		interrupt_load((uint32_t)(at - sections[LIAR]));
}

static inline uint32_t hooked_load(const volatile void *from)
{
	before_load(from);
	return __atomic_load_n((const volatile uint32_t *)from, __ATOMIC_ACQUIRE);
}

static inline void before_store(const volatile void *to, uint32_t length)
{
	const volatile unsigned char *at = to;

	REQUIRE(at >= sections[running] && length <= SECTION && at <= sections[running] + SECTION - length);
	if (running == VICTIM)
		accesses++;
}

static inline void hooked_store(volatile void *to, uint32_t value)
{
	before_store(to, 4);
	__atomic_store_n((volatile uint32_t *)to, value, __ATOMIC_RELEASE);
}

static inline void hooked_copy_in(void *to, const void *from, uint32_t length)
{
	REQUIRE((length & 7) == 0 && (((uintptr_t)to | (uintptr_t)from) & 7) == 0);
	for (uint32_t at = 0; at < length; at += 4) {
		uint32_t word = hooked_load((const unsigned char *)from + at);

		memcpy((unsigned char *)to + at, &word, 4);
	}
}

static inline void hooked_copy_out(void *to, const void *from, uint32_t length)
{
	before_store(to, length);
	if (length > 0)
		memcpy(to, from, length);
}

#define INTERCELL_LOAD(p) hooked_load(p)
#define INTERCELL_OBSERVE(p) hooked_load(p)
#define INTERCELL_STORE(p, v) hooked_store((p), (v))
#define INTERCELL_PUBLISH(p, v) hooked_store((p), (v))
#define INTERCELL_COPY_IN(to, from, n) hooked_copy_in((to), (from), (n))
#define INTERCELL_COPY_OUT(to, from, n) hooked_copy_out((to), (from), (n))

#endif
