/* SPDX-License-Identifier: MIT */
/* A peer that breaks the rules: each fault of section 7, and that nothing of it is delivered. */
#include "mail.h"

/* Appends a raw record to what cell 0 committed to cell 1, in the place the ring has for it. */
static void commit_raw(const uint32_t *words, uint32_t count, uint32_t advance)
{
	uint32_t *tail = world_word(0, world_control(0, 1) + INTERCELL_CONTROL_TAIL);
	uint32_t i;

	for (i = 0; i < count; i++)
		*world_word(0, world_ring(0, 1) + ((*tail + 4 * i) & 2047)) = words[i];
	*tail += advance;
}

static uint32_t next_sequence(void)
{
	return cells[0].links[1].tx.sequence;
}

/* Cell 1 must refuse cell 0 for @code, and cell 0 must be told. */
static void expect_fault(uint32_t code)
{
	uint32_t delivered = boxes[1].count;

	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 1);
	CHECK_EQUAL(world_event(1, 0)->kind, INTERCELL_EVENT_FAULT);
	CHECK_EQUAL(world_event(1, 0)->code, code);
	CHECK_EQUAL(*world_word(1, world_control(1, 0) + INTERCELL_CONTROL_FAULT),
	            code | world_event(1, 0)->epoch << 8);
	CHECK_EQUAL(*world_word(1, world_control(1, 0) + INTERCELL_CONTROL_ECHO), 0);
	CHECK_EQUAL(*world_word(1, world_control(1, 0) + INTERCELL_CONTROL_OPEN), 0);
	for (int i = 0; i < 4; i++)
		intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 1);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_WAITING);
	CHECK_EQUAL(boxes[1].count, delivered);
}

static void expect_record_fault(const uint32_t *words, uint32_t count, uint32_t advance, uint32_t code)
{
	mail_start(2);
	CHECK_EQUAL(mail_send(0, 1, 77, 4), 0);
	uint32_t copy[64];

	memcpy(copy, words, count * 4);
	if (count > 2 && copy[2] == 0xffffffffu)
		copy[2] = next_sequence();
	commit_raw(copy, count, advance);
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(boxes[1].count, 1);
	expect_fault(code);
}

static void cursor_faults(void)
{
	mail_start(2);
	*world_word(0, world_control(0, 1)) += 4;
	expect_fault(INTERCELL_FAULT_CURSOR);
	mail_start(2);
	*world_word(0, world_control(0, 1)) += 2056;
	expect_fault(INTERCELL_FAULT_CURSOR);
	mail_start(2);
	*world_word(0, world_control(0, 1)) -= 8;
	expect_fault(INTERCELL_FAULT_CURSOR);
}

#define NEXT 0xffffffffu /* the sequence that is due */

static void record_faults(void)
{
	const uint32_t number = 1u << 16;
	const struct {
		uint32_t words[8];
		uint32_t count;
		uint32_t advance;
		uint32_t code;
	} table[] = {
		{ { 0, 1 | number, NEXT, 0 }, 4, 16, INTERCELL_FAULT_LENGTH },
		{ { 15, 1 | number, NEXT, 0 }, 4, 16, INTERCELL_FAULT_LENGTH },
		{ { 1025, 1 | number, NEXT, 0 }, 4, 1032, INTERCELL_FAULT_LENGTH },
		{ { 0xfffffff8u, 1 | number, NEXT, 0 }, 4, 16, INTERCELL_FAULT_LENGTH },
		{ { 32, 1 | number, NEXT, 0 }, 4, 24, INTERCELL_FAULT_LENGTH },
		{ { 16, 1 | number, 0, 0 }, 2, 8, INTERCELL_FAULT_LENGTH },
		{ { 16, 0, 0, 0 }, 4, 16, INTERCELL_FAULT_LENGTH },
		{ { 0, 0, 0, 0 }, 4, 16, INTERCELL_FAULT_LENGTH },
		{ { 16, 8 | number, NEXT, 0 }, 4, 16, INTERCELL_FAULT_KIND },
		{ { 16, 255 | number, NEXT, 0 }, 4, 16, INTERCELL_FAULT_KIND },
		{ { 23, 3 | number, NEXT, 0 }, 6, 24, INTERCELL_FAULT_KIND },
		{ { 25, 4 | number, NEXT, 0 }, 8, 32, INTERCELL_FAULT_KIND },
		{ { 28, 4 | number, NEXT, 0, 0, 1, 3, 0 }, 8, 32, INTERCELL_FAULT_KIND },
		{ { 35, 5 | number, NEXT, 0 }, 8, 40, INTERCELL_FAULT_KIND },
		{ { 16, 7 | number, NEXT, 0 }, 4, 16, INTERCELL_FAULT_KIND },
		{ { 20, 1 | number, 0, 0, 1 }, 5, 24, INTERCELL_FAULT_SEQUENCE },
		{ { 20, 1 | number | 0x100, NEXT, 0, 1 }, 5, 24, INTERCELL_FAULT_RESERVED },
		{ { 20, 1 | number, NEXT, 1u << 16, 1 }, 5, 24, INTERCELL_FAULT_RESERVED },
		{ { 24, 3 | number, NEXT, 0, 0, 1 }, 6, 24, INTERCELL_FAULT_RESERVED },
		{ { 24, 7 | number, NEXT, 0, 0, 1 }, 6, 24, INTERCELL_FAULT_RESERVED },
		{ { 20, 1 | 2u << 16, NEXT, 0, 1 }, 5, 24, INTERCELL_FAULT_ANNOUNCE },
		{ { 20, 1, NEXT, 0, 1 }, 5, 24, INTERCELL_FAULT_ANNOUNCE },
		{ { 16, 6 | 2u << 16, NEXT, 0 }, 4, 16, INTERCELL_FAULT_ANNOUNCE },
		{ { 20, 6 | number, NEXT, 0, 0 }, 5, 24, INTERCELL_FAULT_ANNOUNCE },
		{ { 16, 6 | number, NEXT, 1 }, 4, 16, INTERCELL_FAULT_RESERVED },
	};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		expect_record_fault(table[i].words, table[i].count, table[i].advance, table[i].code);
}

static void announce_faults(void)
{
	/* header, hash, latest offset and size, n and p, names */
	const uint32_t good[10] = { 38, 5 | 9u << 16, NEXT, 0, 1, 2, 0, 0, 1 | 1 << 8, 'a' | 'b' << 8 };
	const struct {
		unsigned index;
		uint32_t value;
		uint32_t code;
	} table[] = {
		{ 0, 39, INTERCELL_FAULT_ANNOUNCE },
		{ 0, 37, INTERCELL_FAULT_ANNOUNCE },
		{ 1, 5, INTERCELL_FAULT_ANNOUNCE },
		{ 1, 5 | 1u << 16, INTERCELL_FAULT_ANNOUNCE },
		{ 3, 1, INTERCELL_FAULT_RESERVED },
		{ 6, 64, INTERCELL_FAULT_ANNOUNCE },
		{ 7, 64, INTERCELL_FAULT_ANNOUNCE },
		{ 8, 2 << 8, INTERCELL_FAULT_ANNOUNCE },
		{ 8, 33, INTERCELL_FAULT_ANNOUNCE },
		{ 8, 1 | 1 << 8 | 1 << 16, INTERCELL_FAULT_RESERVED },
		{ 9, 0xff | 'b' << 8, INTERCELL_FAULT_ANNOUNCE },
		{ 9, 'a' | 0xc3 << 8, INTERCELL_FAULT_ANNOUNCE },
	};
	uint32_t words[10];

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memcpy(words, good, sizeof(words));
		words[table[i].index] = table[i].value;
		expect_record_fault(words, 10, 40, table[i].code);
	}
	mail_start(2);
	memcpy(words, good, sizeof(words));
	words[2] = next_sequence();
	commit_raw(words, 10, 40);
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 0);
	CHECK(intercell_hub_remote(&cells[1].hub, &cells[1].links[0], 9) != NULL);
	words[1] += 1u << 16;
	words[2]++;
	commit_raw(words, 10, 40);
	intercell_node_poll(&cells[1].node);
	expect_fault(INTERCELL_FAULT_ANNOUNCE);
}

/* Boots cell 0 anew with one word of its section changed before it shows itself. */
static void expect_header_fault(uint32_t offset, uint32_t value, uint32_t code)
{
	mail_start(2);
	world_kill(0);
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	CHECK(*world_word(0, offset) != value);
	*world_word(0, offset) = value;
	intercell_node_poll(&cells[1].node);
	expect_fault(code);
}

static void header_faults(void)
{
	uint32_t entry = intercell_entry(1);

	mail_start(2);
	uint32_t control = world_control(0, 1);

	expect_header_fault(INTERCELL_HEADER_VERSION_ID, 2, INTERCELL_FAULT_VERSION);
	expect_header_fault(INTERCELL_HEADER_VERSION_ID, 1 | 1 << 16, INTERCELL_FAULT_VERSION);
	expect_header_fault(INTERCELL_HEADER_SECTION_SIZE, SECTION * 2, INTERCELL_FAULT_VERSION);
	expect_header_fault(INTERCELL_HEADER_PEERS_VECTOR, 4, INTERCELL_FAULT_VERSION);
	expect_header_fault(INTERCELL_HEADER_FLAGS, 1, INTERCELL_FAULT_RESERVED);
	expect_header_fault(INTERCELL_LINE - 4, 1, INTERCELL_FAULT_RESERVED);
	expect_header_fault(entry + INTERCELL_ENTRY_CONTROL, 0, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(entry + INTERCELL_ENTRY_CONTROL, control + 64, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(entry + INTERCELL_ENTRY_CONTROL, SECTION - 256, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(entry + INTERCELL_ENTRY_CONTROL, 0xffffff80u, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(entry + INTERCELL_ENTRY_RING, SECTION - 1024, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(entry + INTERCELL_ENTRY_RING, 0xffffff80u, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(entry + INTERCELL_ENTRY_CAPACITY, 1000, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(entry + INTERCELL_ENTRY_CAPACITY, 128, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(entry + INTERCELL_ENTRY_CAPACITY, 0x80000000u, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(INTERCELL_HEADER_LATEST_SIZE, 0, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(INTERCELL_HEADER_LATEST_SIZE, SECTION, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(INTERCELL_HEADER_BROADCAST_CAPACITY, 0, INTERCELL_FAULT_GEOMETRY);
	expect_header_fault(INTERCELL_HEADER_BROADCAST_CONTROL, SECTION, INTERCELL_FAULT_GEOMETRY);
}

static void wrong_magic_is_an_absent_peer(void)
{
	mail_start(2);
	world_kill(0);
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	*world_word(0, 0) = 1;
	for (int i = 0; i < 4; i++)
		intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 0);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_WAITING);
}

static void acknowledgement_faults(void)
{
	const uint32_t wrong[] = { 8, 0xfffff000u, 4 };

	for (unsigned i = 0; i < 3; i++) {
		mail_start(2);
		uint32_t *head = world_word(0, world_control(0, 1) + INTERCELL_CONTROL_HEAD);
		int status = 0;

		for (int sent = 0; sent < 64 && status == 0; sent++) {
			*head = cells[1].links[0].tx.committed + wrong[i];
			status = mail_send(1, 0, 1, 100);
		}
		CHECK_EQUAL(status, INTERCELL_EPROTO);
		expect_fault(INTERCELL_FAULT_ACKNOWLEDGEMENT);
	}
}

/* A head that goes back while records are queued makes room out of what the ring still holds. */
static void acknowledgement_that_goes_back_is_a_fault(void)
{
	const struct intercell_writer *tx = &cells[1].links[0].tx;
	unsigned char data[400] = { 0 };
	int status = 0;

	mail_start(2);
	for (int sent = 0; sent < 3; sent++) {
		CHECK_EQUAL(mail_send(1, 0, 1, sizeof(data)), 0);
		world_settle();
	}
	CHECK_EQUAL(intercell_link_refresh(&cells[1].links[0]), 0);
	CHECK(tx->head == tx->committed && tx->head > 1000);
	*world_word(0, world_control(0, 1) + INTERCELL_CONTROL_HEAD) = tx->head - 1000;
	for (int sent = 0; sent < 64 && status == 0; sent++) {
		CHECK(tx->tail - tx->head <= tx->capacity);
		status = intercell_channel_queue(&boxes[1].channel, 0, 0, data, sizeof(data));
	}
	CHECK_EQUAL(status, INTERCELL_EPROTO);
	expect_fault(INTERCELL_FAULT_ACKNOWLEDGEMENT);
}

static void fault_of_a_peer_that_restarted_is_an_end(void)
{
	mail_start(2);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	*world_word(0, world_control(0, 1)) += 4;
	*world_word(0, intercell_entry(1) + INTERCELL_ENTRY_EPOCH) = 0;
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 0);
	CHECK_EQUAL(cells[1].links[0].statistics.torn, 1);
}

/* How often a cell was told that it is refused for that fault. */
static unsigned refusals(unsigned id, uint32_t code)
{
	unsigned count = 0;

	for (unsigned i = 0; i < cells[id].event_count; i++)
		if (cells[id].events[i].kind == INTERCELL_EVENT_REFUSED && cells[id].events[i].code == code)
			count++;
	return count;
}

static void refused_peer_is_told_and_accepted_with_another_epoch(void)
{
	mail_start(2);
	*world_word(0, world_control(0, 1)) += 4;
	expect_fault(INTERCELL_FAULT_CURSOR);
	intercell_node_poll(&cells[0].node);
	intercell_node_poll(&cells[0].node);
	CHECK_EQUAL(*world_word(1, world_control(1, 0) + INTERCELL_CONTROL_FAULT),
	            INTERCELL_FAULT_CURSOR | cells[0].links[1].epoch << 8);
	CHECK_EQUAL(refusals(0, INTERCELL_FAULT_CURSOR), 1);
	CHECK_EQUAL(world_event(0, 1)->kind, INTERCELL_EVENT_DOWN);
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_WAITING);
	intercell_link_close(&cells[0].links[1]);
	CHECK_EQUAL(intercell_link_open(&cells[0].links[1]), 0);
	world_settle();
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_READY);
	CHECK_EQUAL(mail_send(0, 1, 9, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].values[0], 9);
}

static void peer_of_another_version_is_told_and_not_accepted(void)
{
	mail_start(2);
	world_kill(0);
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	*world_word(0, INTERCELL_HEADER_VERSION_ID) = 2;
	world_settle();
	CHECK_EQUAL(world_event(1, 0)->code, INTERCELL_FAULT_VERSION);
	CHECK_EQUAL(refusals(0, INTERCELL_FAULT_VERSION), 1);
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_ACCEPTED);
}

static void fault_word_for_an_earlier_epoch_is_not_taken_for_ones_own(void)
{
	mail_start(2);
	world_kill(0);
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	*world_word(1, world_control(1, 0) + INTERCELL_CONTROL_FAULT) =
		INTERCELL_FAULT_KIND | (cells[0].links[1].epoch - 1) << 8;
	intercell_node_poll(&cells[0].node);
	intercell_node_poll(&cells[0].node);
	CHECK_EQUAL(refusals(0, INTERCELL_FAULT_KIND), 0);
}

static void epochs_that_had_their_session_do_not_get_another(void)
{
	uint32_t *echo;

	mail_start(2);
	echo = world_word(0, world_control(0, 1) + INTERCELL_CONTROL_ECHO);
	*echo = 0;
	intercell_node_poll(&cells[1].node);
	*echo = cells[1].links[0].epoch;
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_WAITING);
	CHECK(intercell_node_prepare_sleep(&cells[1].node));
}

static void other_links_go_on(void)
{
	mail_start(3);
	*world_word(0, world_control(0, 1)) += 4;
	world_settle();
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_WAITING);
	CHECK_EQUAL(mail_send(2, 1, 5, 4), 0);
	CHECK_EQUAL(mail_send(0, 2, 6, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].values[0], 5);
	CHECK_EQUAL(boxes[2].values[0], 6);
}

static void message_that_nobody_takes_is_counted(void)
{
	mail_start(2);
	boxes[1].channel.on_message = NULL;
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	world_settle();
	CHECK_EQUAL(cells[1].links[0].statistics.ignored, 1);
}

static void message_that_is_not_of_the_type_is_counted(void)
{
	const uint32_t number = 1u << 16;
	uint32_t words[5] = { 18, 1 | number, 0, 0, 1 };

	mail_start(2);
	words[2] = next_sequence();
	commit_raw(words, 5, 24);
	words[2]++;
	words[0] = 20;
	words[3] = 7;
	commit_raw(words, 5, 24);
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 0);
	CHECK_EQUAL(boxes[1].channel.undecodable, 2);
	CHECK_EQUAL(boxes[1].notices[INTERCELL_NOTICE_UNDECODABLE], 2);
	CHECK_EQUAL(boxes[1].count, 0);
}

/* Random words in all of a peer's section: nothing is read outside it and each poll ends. */
static void random_sections_are_survived(void)
{
	uint32_t random = 12345;

	for (int round = 0; round < 3000; round++) {
		if (round % 50 == 0)
			mail_start(2);
		for (int i = 0; i < 1 + round % 8; i++) {
			random = random * 1664525u + 1013904223u;
			uint32_t offset = (random >> 8) % SECTION & ~3u;

			random = random * 1664525u + 1013904223u;
			*world_word(0, offset) = round & 1 ? random : random >> 28;
		}
		mail_send(1, 0, 1, 40);
		intercell_node_poll(&cells[1].node);
		uint32_t value[16];

		(void)intercell_latest_read(&boxes[1].channel, 0, 0, &value);
		intercell_node_poll(&cells[1].node);
		(void)intercell_node_prepare_sleep(&cells[1].node);
		intercell_node_wake(&cells[1].node);
		CHECK(cells[1].event_count < EVENTS - 8);
		if (cells[1].event_count > EVENTS / 2)
			cells[1].event_count = 0;
	}
}

int main(void)
{
	RUN(cursor_faults);
	RUN(record_faults);
	RUN(announce_faults);
	RUN(header_faults);
	RUN(wrong_magic_is_an_absent_peer);
	RUN(acknowledgement_faults);
	RUN(acknowledgement_that_goes_back_is_a_fault);
	RUN(fault_of_a_peer_that_restarted_is_an_end);
	RUN(refused_peer_is_told_and_accepted_with_another_epoch);
	RUN(peer_of_another_version_is_told_and_not_accepted);
	RUN(fault_word_for_an_earlier_epoch_is_not_taken_for_ones_own);
	RUN(epochs_that_had_their_session_do_not_get_another);
	RUN(other_links_go_on);
	RUN(message_that_nobody_takes_is_counted);
	RUN(message_that_is_not_of_the_type_is_counted);
	RUN(random_sections_are_survived);
	return 0;
}
