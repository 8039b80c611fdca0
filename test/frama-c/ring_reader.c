/* SPDX-License-Identifier: MIT */
/*
 * For Frama-C's Eva: one step of reading a ring whose bytes are whatever the peer wants, at each place of the ring, with
 * each number of bytes copied and committed. Eva has to show that no access leaves its object, that nothing is read
 * before it is written, and the assertions below. A step that keeps to them leads to another of the steps that are
 * tried here, or to the end, so all reads of a ring are shown.
 */
#include "__fc_builtin.h"

#define INTERCELL_FENCE() ((void)0)
#define INTERCELL_LOAD(p) (*(p))
#define INTERCELL_OBSERVE(p) (*(p))
#define INTERCELL_STORE(p, v) ((void)(*(p) = (v)))
#define INTERCELL_PUBLISH(p, v) ((void)(*(p) = (v)))
#define INTERCELL_COPY_IN(to, from, n) copy_in((to), (from), (n))

#include <stdint.h>

#define CAPACITY 256u

static unsigned char ring[CAPACITY];
static uint32_t scratch[CAPACITY / 4u];

/* Any bytes may come of the peer's memory, so what matters is where they are taken from and put. */
static void copy_in(void *to, const void *from, uint32_t n)
{
	/*@ assert n == 0 || \valid((char *)to + (0 .. n - 1)); */
	/*@ assert n == 0 || \valid_read((char *)from + (0 .. n - 1)); */
	if (n > 0)
		Frama_C_make_unknown((char *)to, n);
}

#include "intercell/ring.h"

/* Checks the record @copied bytes before the end of the scratch buffer. */
static void step(uint32_t cursor, uint32_t copied, uint32_t committed)
{
	const intercell_u32 *words = (const intercell_u32 *)scratch + (CAPACITY - copied) / 4u;
	uint32_t place = cursor & (CAPACITY - 1u);
	struct intercell_finding finding;
	struct intercell_record record;
	uint32_t size = intercell_record_check(words, cursor, CAPACITY, copied, committed, &record, &finding);

	if (size == 0) {
		/*@ assert \initialized(&finding.code) && \initialized(&finding.wanted) && \initialized(&finding.found); */
		/*@ assert 1 <= finding.code <= 9; */
		return;
	}
	/*@ assert 8 <= size <= committed; */
	/*@ assert size % 8 == 0; */
	/*@ assert place + size <= CAPACITY; */
}

/*
 * What a record that is no pad gives to the layer above: its payload, all of it before the end of the record. With one
 * size after the other, as Eva keeps no relation between a length and what it is rounded up to.
 */
static void check_lengths(void)
{
	/*@ loop unroll 32; */
	for (uint32_t size = 8; size <= CAPACITY; size += 8) {
		struct intercell_finding finding;
		struct intercell_record record;
		uint32_t taken;

		intercell_ring_copy(scratch, ring, CAPACITY, 0, CAPACITY);
		scratch[0] = Frama_C_unsigned_int_interval(size - 7, size);
		scratch[1] = Frama_C_unsigned_int_interval(1, 255);
		taken = intercell_record_check((const intercell_u32 *)scratch, 0, CAPACITY, CAPACITY, CAPACITY, &record,
		                               &finding);
		if (taken == 0)
			continue;
		/*@ assert taken == size; */
		/*@ assert \initialized(&record.length) && \initialized(&record.channel); */
		/*@ assert \initialized(&record.sequence) && \initialized(&record.message); */
		/*@ assert record.length + 16 <= size; */
		/*@ assert record.payload == (unsigned char *)scratch + 16; */
	}
}

/* The place in the ring is given to the compiler, as Eva is much faster with one at a time. */
int main(void)
{
	uint32_t cursor = Frama_C_unsigned_int_interval(0, 0xffffffu) * CAPACITY + PLACE;

	if (PLACE == 0)
		check_lengths();
	/*@ loop unroll 32; */
	for (uint32_t committed = 8; committed <= CAPACITY; committed += 8) {
		intercell_ring_copy(scratch, ring, CAPACITY, cursor, committed);
		/*@ loop unroll 32; */
		for (uint32_t copied = 8; copied <= committed; copied += 8)
			step(cursor, copied, committed);
	}
	return 0;
}
