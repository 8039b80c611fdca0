/* SPDX-License-Identifier: MIT */
/* Rings and layouts: wrap, full, batches, zero-copy, holding back, partition of a section. */
#include "mail.h"

static void default_layout_of_a_raspberry_pi_section(void)
{
	struct intercell_layout_options options;
	struct intercell_layout layout;

	world_options(0, &options);
	CHECK_EQUAL(intercell_layout_plan(&options, &layout), 0);
	CHECK_EQUAL(layout.ring_capacity, 2048);
	CHECK_EQUAL(layout.broadcast_capacity, 1024);
	CHECK_EQUAL(layout.latest_size, 1792);
	CHECK_EQUAL(layout.latest_offset + layout.latest_size, SECTION);
}

static void layout_keeps_parts_apart_and_inside(void)
{
	for (uint32_t size = 0x800; size <= 0x100000; size *= 2)
		for (uint16_t peers = 2; peers <= 12; peers++) {
			struct intercell_layout_options options = {
				size, peers, 1, INTERCELL_DEFAULT, INTERCELL_DEFAULT, INTERCELL_DEFAULT
			};
			struct intercell_layout layout;

			if (intercell_layout_plan(&options, &layout) == INTERCELL_ENOSPC)
				continue;
			CHECK_EQUAL(layout.control_offset, intercell_directory_end(peers));
			CHECK_EQUAL(layout.ring_offset, layout.control_offset + (peers - 1u) * INTERCELL_CONTROL_SIZE);
			CHECK(layout.ring_offset + (peers - 1u) * layout.ring_capacity <= layout.broadcast_control);
			CHECK(layout.broadcast_ring + layout.broadcast_capacity <= layout.latest_offset);
			CHECK(layout.latest_offset + layout.latest_size <= size);
			CHECK(layout.latest_size >= size / 8 - 128);
		}
}

static void layout_refuses_what_makes_no_sense(void)
{
	struct intercell_layout_options options;
	struct intercell_layout layout;

	world_options(0, &options);
	options.peers = 1;
	CHECK_EQUAL(intercell_layout_plan(&options, &layout), INTERCELL_EINVAL);
	world_options(0, &options);
	options.broadcast_bytes = 1000;
	CHECK_EQUAL(intercell_layout_plan(&options, &layout), INTERCELL_EINVAL);
	world_options(3, &options);
	CHECK_EQUAL(intercell_layout_plan(&options, &layout), INTERCELL_EINVAL);
	world_options(0, &options);
	options.section_size = 0x400;
	CHECK_EQUAL(intercell_layout_plan(&options, &layout), INTERCELL_ENOSPC);
	options.broadcast_bytes = 0x40000000u;
	CHECK_EQUAL(intercell_layout_plan(&options, &layout), INTERCELL_ENOSPC);
}

static void records_of_all_lengths_pass_the_wrap(void)
{
	uint32_t received = 0;

	mail_start(2);
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t length = 4 + i * 37 % 1005;

		CHECK_EQUAL(mail_send(0, 1, i, length), 0);
		if (i % 2 == 0)
			CHECK_EQUAL(mail_send(1, 0, ~i, length), 0);
		world_settle();
		CHECK_EQUAL(boxes[1].count, ++received);
		CHECK_EQUAL(boxes[1].values[i % BOX], i);
		CHECK_EQUAL(boxes[1].lengths[i % BOX], length);
	}
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 0);
	CHECK(cells[0].links[1].tx.committed > 100u * 2048u);
}

static void cursors_pass_the_end_of_u32(void)
{
	mail_start(2);
	uint32_t start = 0xfffff000u;

	*world_word(0, world_control(0, 1) + INTERCELL_CONTROL_TAIL) = start;
	*world_word(1, world_control(1, 0) + INTERCELL_CONTROL_HEAD) = start;
	cells[0].links[1].tx.committed = cells[0].links[1].tx.tail = cells[0].links[1].tx.head = start;
	cells[1].links[0].head = start;
	for (uint32_t i = 0; i < 50; i++) {
		CHECK_EQUAL(mail_send(0, 1, i, 300), 0);
		world_settle();
	}
	CHECK_EQUAL(boxes[1].count, 50);
	CHECK(cells[0].links[1].tx.tail < 0x10000u);
}

static void full_ring_refuses_and_recovers(void)
{
	uint32_t sent = 0;

	mail_start(2);
	while (mail_send(0, 1, sent, 48) == 0)
		sent++;
	CHECK_EQUAL(mail_send(0, 1, sent, 48), INTERCELL_ENOBUFS);
	CHECK(sent >= 2048 / 64 - 1 && sent <= 2048 / 64);
	CHECK_EQUAL(cells[0].links[1].statistics.full, 2);
	CHECK_EQUAL(intercell_link_unacknowledged(&cells[0].links[1]), sent);
	CHECK_EQUAL(mail_send(0, 1, 0, 2), INTERCELL_EINVAL);
	world_settle();
	CHECK_EQUAL(boxes[1].count, sent);
	CHECK_EQUAL(intercell_link_unacknowledged(&cells[0].links[1]), 0);
	CHECK_EQUAL(mail_send(0, 1, sent, 1008), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, sent + 1);
}

static void queued_records_are_seen_only_after_a_flush(void)
{
	uint32_t value = 9;

	mail_start(2);
	for (int i = 0; i < 10; i++)
		CHECK_EQUAL(intercell_channel_queue(&boxes[0].channel, 1, 0, &value, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 0);
	CHECK_EQUAL(intercell_link_flush(&cells[0].links[1]), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 10);
}

static void reserved_room_is_sent_by_commit(void)
{
	void *room;

	mail_start(2);
	CHECK_EQUAL(intercell_channel_reserve(&boxes[0].channel, 1, 1, 8, &room), 0);
	CHECK_EQUAL((uintptr_t)room & 7, 0);
	memcpy(room, "\x2a\0\0\0\0\0\0\0", 8);
	CHECK_EQUAL(intercell_channel_commit(&boxes[0].channel, 1, 1, 8), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].values[0], 42);
	CHECK_EQUAL(intercell_channel_reserve(&boxes[0].channel, 1, 1, 9, &room), INTERCELL_EINVAL);
}

static void held_message_is_offered_again(void)
{
	mail_start(2);
	boxes[1].hold = 3;
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	CHECK_EQUAL(mail_send(0, 1, 2, 4), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQUAL(intercell_node_poll(&cells[1].node), 0);
		CHECK(cells[1].links[0].held);
		CHECK_EQUAL(intercell_link_unacknowledged(&cells[0].links[1]), 2);
	}
	CHECK_EQUAL(intercell_node_poll(&cells[1].node), 2);
	CHECK_EQUAL(boxes[1].count, 2);
	CHECK_EQUAL(boxes[1].values[1], 2);
}

static void small_scratch_takes_small_records_and_counts_large_ones(void)
{
	mail_start(2);
	cells[1].node.scratch_size = 256;
	CHECK_EQUAL(mail_send(0, 1, 1, 100), 0);
	CHECK_EQUAL(mail_send(0, 1, 2, 600), 0);
	CHECK_EQUAL(mail_send(0, 1, 3, 240), 0);
	CHECK_EQUAL(mail_send(0, 1, 4, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 3);
	CHECK_EQUAL(boxes[1].values[2], 4);
	CHECK_EQUAL(cells[1].links[0].statistics.oversize, 1);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_READY);
}

int main(void)
{
	RUN(default_layout_of_a_raspberry_pi_section);
	RUN(layout_keeps_parts_apart_and_inside);
	RUN(layout_refuses_what_makes_no_sense);
	RUN(records_of_all_lengths_pass_the_wrap);
	RUN(cursors_pass_the_end_of_u32);
	RUN(full_ring_refuses_and_recovers);
	RUN(queued_records_are_seen_only_after_a_flush);
	RUN(reserved_room_is_sent_by_commit);
	RUN(held_message_is_offered_again);
	RUN(small_scratch_takes_small_records_and_counts_large_ones);
	return 0;
}
