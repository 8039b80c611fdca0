/* SPDX-License-Identifier: MIT */
/* What the C tests hold true; what does not hold ends the program. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			exit(1);                                                        \
		}                                                                       \
	} while (0)

#define CHECK_EQUAL(found, wanted)                                                                               \
	do {                                                                                                     \
		long long found_ = (long long)(found);                                                           \
		long long wanted_ = (long long)(wanted);                                                         \
		if (found_ != wanted_) {                                                                         \
			fprintf(stderr, "%s:%d: %s is %lld (0x%llx), wanted %lld\n", __FILE__, __LINE__, #found, \
			        found_, found_, wanted_);                                                        \
			exit(1);                                                                                 \
		}                                                                                                \
	} while (0)

/* Numbers that look random, the same in each run with a seed. */
static uint32_t random_state = 1;

static inline uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % limit;
}

/* Takes the seed of the run, INTERCELL_SEED. */
static inline void random_seed(void)
{
	const char *seed = getenv("INTERCELL_SEED");

	random_state = seed && atoi(seed) != 0 ? (uint32_t)atoi(seed) : 1u;
}

#endif
