/* SPDX-License-Identifier: MIT */
/* Latest values and broadcast: newest value, torn slots, overrun with a count. */
#include "mail.h"

static uint32_t *slot_word(unsigned id, uint32_t topic, uint32_t offset)
{
	return world_word(id,
	                  boxes[id].channel.latest_offset + intercell_channel_slot(&boxes[id].channel, topic) + offset);
}

static void latest_value_is_the_newest(void)
{
	uint32_t value[26] = { 0 };
	uint32_t read[26];

	mail_start(2);
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 0, read), INTERCELL_ENOENT);
	for (uint32_t i = 1; i < 10; i++) {
		value[0] = i;
		CHECK_EQUAL(intercell_latest_publish(&boxes[0].channel, 0, value, 8), 0);
		CHECK_EQUAL(intercell_latest_publish(&boxes[0].channel, 1, value, 100), 0);
	}
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 0, read), 8);
	CHECK_EQUAL(read[0], 9);
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 1, read), 100);
	CHECK_EQUAL(read[0], 9);
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 2, read), INTERCELL_EINVAL);
	CHECK_EQUAL(intercell_latest_publish(&boxes[0].channel, 0, value, 9), INTERCELL_EINVAL);
}

static void torn_slot_is_given_up_after_some_tries(void)
{
	uint32_t value[2] = { 1, 2 };
	uint32_t read[2];

	mail_start(2);
	CHECK_EQUAL(intercell_latest_publish(&boxes[0].channel, 0, value, 8), 0);
	*slot_word(0, 0, 0) += 1;
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 0, read), INTERCELL_EAGAIN);
	*slot_word(0, 0, 0) += 1;
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 0, read), 8);
}

static void slot_sequence_skips_zero(void)
{
	uint32_t value[2] = { 1, 2 };

	mail_start(2);
	*slot_word(0, 0, 0) = 0xfffffffeu;
	CHECK_EQUAL(intercell_latest_publish(&boxes[0].channel, 0, value, 8), 0);
	CHECK_EQUAL(*slot_word(0, 0, 0), 2);
}

static void slot_with_a_wrong_length_is_given_up_after_some_tries(void)
{
	uint32_t value[2] = { 1, 2 };
	_Alignas(8) uint32_t read[2];

	mail_start(2);
	CHECK_EQUAL(intercell_latest_publish(&boxes[0].channel, 0, value, 8), 0);
	*slot_word(0, 0, 4) = 9;
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 0, read), INTERCELL_EAGAIN);
	*slot_word(0, 0, 4) = 0xffffffffu;
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 0, read), INTERCELL_EAGAIN);
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 0);
	*slot_word(0, 0, 4) = 8;
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 0, read), 8);
}

static void value_of_a_session_that_is_over_is_not_believed(void)
{
	uint32_t value[2] = { 1, 2 };
	_Alignas(8) uint32_t read[2];

	mail_start(2);
	CHECK_EQUAL(intercell_latest_publish(&boxes[0].channel, 0, value, 8), 0);
	*world_word(0, world_control(0, 1) + INTERCELL_CONTROL_ECHO) = 0;
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 0, read), INTERCELL_EAGAIN);
}

static void slots_run_out(void)
{
	struct intercell_channel channel;
	uint32_t topics[] = { 1800 };
	struct intercell_protocol protocol = { "big", 1, mail_sizes, topics, 2, 1 };

	mail_start(2);
	memset(&channel, 0, sizeof(channel));
	channel.name = "big";
	channel.protocol = &protocol;
	CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &channel), INTERCELL_ENOSPC);
	topics[0] = 1000;
	CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &channel), 0);
	channel.name = "post";
	CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &channel), INTERCELL_EBUSY);
}

static int broadcast(uint32_t value, uint32_t length)
{
	unsigned char data[1024] = { 0 };

	memcpy(data, &value, 4);
	return intercell_channel_broadcast(&boxes[0].channel, 0, data, length);
}

static void broadcast_reaches_all(void)
{
	mail_start(3);
	for (uint32_t i = 0; i < 100; i++) {
		CHECK_EQUAL(broadcast(i, 4 + i % 400), 0);
		world_settle();
		for (unsigned id = 1; id < 3; id++) {
			CHECK_EQUAL(boxes[id].broadcasts, i + 1);
			CHECK_EQUAL(boxes[id].values[i % BOX], i);
			CHECK_EQUAL(intercell_channel_missed(&boxes[id].channel, 0), 0);
		}
	}
	CHECK_EQUAL(broadcast(1, 500), INTERCELL_EMSGSIZE);
}

static void slow_reader_counts_what_it_missed(void)
{
	uint32_t seen = 0;

	mail_start(2);
	for (uint32_t i = 0; i < 1000; i++) {
		CHECK_EQUAL(broadcast(i, 48), 0);
		if (i % 37 == 36) {
			world_settle();
			CHECK_EQUAL(boxes[1].values[(boxes[1].broadcasts - 1) % BOX], i);
			CHECK_EQUAL(boxes[1].broadcasts + intercell_channel_missed(&boxes[1].channel, 0), i + 1);
			CHECK(boxes[1].broadcasts > seen);
			seen = boxes[1].broadcasts;
		}
	}
	CHECK(intercell_channel_missed(&boxes[1].channel, 0) > 0);
}

static void late_reader_counts_from_where_it_begins(void)
{
	world_start(1);
	mail_open(0, &mail_protocol);
	for (uint32_t i = 0; i < 30; i++)
		CHECK_EQUAL(broadcast(i, 48), 0);
	CHECK_EQUAL(intercell_node_start(&world_boot(1)->node), 0);
	mail_open(1, &mail_protocol);
	world_settle();
	CHECK_EQUAL(boxes[1].broadcasts, 0);
	for (uint32_t i = 0; i < 100; i++)
		CHECK_EQUAL(broadcast(i, 48), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].broadcasts + intercell_channel_missed(&boxes[1].channel, 0), 100);
}

static void what_a_late_reader_misses_first_is_counted(void)
{
	mail_start(2);
	for (uint32_t i = 0; i < 30; i++)
		CHECK_EQUAL(broadcast(i, 48), 0);
	CHECK_EQUAL(*world_word(0, cells[0].layout.broadcast_control + INTERCELL_BROADCAST_NEXT), 30);
	world_settle();
	CHECK(boxes[1].broadcasts > 0);
	CHECK_EQUAL(boxes[1].broadcasts + intercell_channel_missed(&boxes[1].channel, 0), 30);
}

static void sequence_that_runs_ahead_of_the_first_record_is_no_gap(void)
{
	mail_start(1);
	*world_word(0, cells[0].layout.broadcast_control + INTERCELL_BROADCAST_NEXT) = 5;
	CHECK_EQUAL(intercell_node_start(&world_boot(1)->node), 0);
	mail_open(1, &mail_protocol);
	world_settle();
	CHECK_EQUAL(broadcast(1, 48), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].broadcasts, 1);
	CHECK_EQUAL(intercell_channel_missed(&boxes[1].channel, 0), 0);
}

static void broadcast_of_a_channel_never_announced_is_ignored(void)
{
	mail_start(2);
	intercell_broadcast_write(&cells[0].hub.broadcast, 77, 0, "ignored", 8);
	CHECK_EQUAL(broadcast(2, 48), 0);
	world_settle();
	CHECK_EQUAL(cells[1].links[0].statistics.ignored, 1);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 0);
	CHECK_EQUAL(boxes[1].broadcasts, 1);
}

static void writer_that_laps_during_the_copy_is_noticed(void)
{
	mail_start(2);
	CHECK_EQUAL(broadcast(1, 48), 0);
	*world_word(0, cells[0].layout.broadcast_control + INTERCELL_BROADCAST_INTENT) += 1024;
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(boxes[1].broadcasts, 0);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_READY);
	*world_word(0, cells[0].layout.broadcast_control + INTERCELL_BROADCAST_INTENT) -= 1024;
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(boxes[1].broadcasts, 1);
}

static void broadcast_faults(void)
{
	uint32_t control;

	mail_start(2);
	control = cells[0].layout.broadcast_control;
	*world_word(0, control + INTERCELL_BROADCAST_TAIL) += 4;
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(world_event(1, 0)->code, INTERCELL_FAULT_CURSOR);
	mail_start(2);
	CHECK_EQUAL(broadcast(1, 48), 0);
	*world_word(0, cells[0].layout.broadcast_ring + 4) |= 2;
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(world_event(1, 0)->code, INTERCELL_FAULT_KIND);
	CHECK_EQUAL(boxes[1].count, 0);
}

static void restart_empties_broadcast_and_slots(void)
{
	uint32_t value[2] = { 1, 2 };

	mail_start(2);
	CHECK_EQUAL(broadcast(1, 48), 0);
	CHECK_EQUAL(intercell_latest_publish(&boxes[0].channel, 0, value, 8), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].broadcasts, 1);
	intercell_node_stop(&cells[0].node);
	CHECK_EQUAL(intercell_node_start(&cells[0].node), 0);
	world_settle();
	CHECK_EQUAL(intercell_latest_read(&boxes[1].channel, 0, 0, value), INTERCELL_ENOENT);
	CHECK_EQUAL(broadcast(2, 48), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].broadcasts, 2);
	CHECK_EQUAL(intercell_channel_missed(&boxes[1].channel, 0), 0);
}

int main(void)
{
	RUN(latest_value_is_the_newest);
	RUN(torn_slot_is_given_up_after_some_tries);
	RUN(slot_sequence_skips_zero);
	RUN(value_of_a_session_that_is_over_is_not_believed);
	RUN(slot_with_a_wrong_length_is_given_up_after_some_tries);
	RUN(slots_run_out);
	RUN(broadcast_reaches_all);
	RUN(slow_reader_counts_what_it_missed);
	RUN(late_reader_counts_from_where_it_begins);
	RUN(what_a_late_reader_misses_first_is_counted);
	RUN(sequence_that_runs_ahead_of_the_first_record_is_no_gap);
	RUN(broadcast_of_a_channel_never_announced_is_ignored);
	RUN(writer_that_laps_during_the_copy_is_noticed);
	RUN(broadcast_faults);
	RUN(restart_empties_broadcast_and_slots);
	return 0;
}
