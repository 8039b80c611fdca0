/* SPDX-License-Identifier: MIT */
/* The endpoint of ivshmem-net: geometry, bytes of a frame, states, doorbells, back-pressure, the wrap. */
#include "net_world.h"

#define FRAME 1518u

/* Lets both ends look until neither does anything. */
static void net_settle(void)
{
	for (int round = 0; round < 20; round++)
		for (unsigned i = 0; i < 2; i++)
			intercell_net_poll(&net_ends[i].net, 1000);
}

/* Two ends that are up. */
static void net_world(uint32_t section, uint32_t frame_size)
{
	net_sections_make(section);
	for (unsigned i = 0; i < 2; i++) {
		struct intercell_net_options options = net_options(i, section, frame_size);

		CHECK_EQUAL(intercell_net_init(&net_ends[i].net, &options), 0);
		intercell_net_start(&net_ends[i].net);
	}
	net_settle();
	CHECK(intercell_net_up(&net_ends[0].net) && intercell_net_up(&net_ends[1].net));
}

static uint32_t word_at(const unsigned char *section, uint32_t offset, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)section[offset + i] << 8 * i;
	return value;
}

static void geometry_is_that_of_the_drivers(void)
{
	/* Section, queue, avail, used_event, used, avail_event, frames, default and highest MTU. */
	static const uint32_t rows[][9] = {
		{ 0x1000, 32, 0x200, 0x244, 0x280, 0x384, 0x700, 144, 576 },
		{ 0x2000, 32, 0x200, 0x244, 0x280, 0x384, 0x700, 400, 1600 },
		{ 0x4000, 64, 0x400, 0x484, 0x4c0, 0x6c4, 0x700, 912, 3648 },
		{ 0x8000, 128, 0x800, 0x904, 0x940, 0xd44, 0xd80, 1832, 7328 },
		{ 0x10000, 256, 0x1000, 0x1204, 0x1240, 0x1a44, 0x1a80, 3672, 14688 },
		{ 0x20000, 512, 0x2000, 0x2404, 0x2440, 0x3444, 0x3480, 7352, 29408 },
		{ 0x40000, 1024, 0x4000, 0x4804, 0x4840, 0x6844, 0x6880, 14712, 58848 },
		{ 0x7f000, 2048, 0x8000, 0x9004, 0x9040, 0xd044, 0xd080, 16384, 65535 },
		{ 0x100000, 4096, 0x10000, 0x12004, 0x12040, 0x1a044, 0x1a080, 16384, 65535 },
	};
	struct intercell_net_geometry geometry;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CHECK_EQUAL(intercell_net_plan(rows[i][0], &geometry), 0);
		CHECK_EQUAL(geometry.section_size, rows[i][0]);
		CHECK_EQUAL(geometry.queue_length, rows[i][1]);
		CHECK_EQUAL(geometry.avail, rows[i][2]);
		CHECK_EQUAL(geometry.used_event, rows[i][3]);
		CHECK_EQUAL(geometry.used, rows[i][4]);
		CHECK_EQUAL(geometry.avail_event, rows[i][5]);
		CHECK_EQUAL(geometry.data, rows[i][6]);
		CHECK_EQUAL(geometry.mtu_default, rows[i][7]);
		CHECK_EQUAL(geometry.mtu_max, rows[i][8]);
	}
	CHECK_EQUAL(intercell_net_plan(0x700 + 4 * 68, &geometry), 0);
	CHECK_EQUAL(intercell_net_plan(0x700 + 4 * 68 - 1, &geometry), INTERCELL_ENOSPC);
	CHECK_EQUAL(intercell_net_plan(0, &geometry), INTERCELL_ENOSPC);
	CHECK_EQUAL(intercell_net_slot(46), 64);
	CHECK_EQUAL(intercell_net_slot(47), 128);
}

static void init_refuses_what_makes_no_sense(void)
{
	struct intercell_net_options options;
	struct intercell_net net;

	net_sections_make(0x2000);
	options = net_options(0, 0x2000, FRAME);
	CHECK_EQUAL(intercell_net_init(&net, &options), 0);
	options.id = 2;
	CHECK_EQUAL(intercell_net_init(&net, &options), INTERCELL_EINVAL);
	options = net_options(0, 0x2000, 1600 + 19);
	CHECK_EQUAL(intercell_net_init(&net, &options), INTERCELL_EINVAL);
	options = net_options(0, 0x2000, 13);
	CHECK_EQUAL(intercell_net_init(&net, &options), INTERCELL_EINVAL);
	options = net_options(0, 0x2000, FRAME);
	options.frame++;
	CHECK_EQUAL(intercell_net_init(&net, &options), INTERCELL_EINVAL);
	options = net_options(0, 0x400, FRAME);
	CHECK_EQUAL(intercell_net_init(&net, &options), INTERCELL_ENOSPC);
}

static void first_frame_lies_where_the_drivers_look(void)
{
	static const unsigned char descriptor[16] = { 0x80, 0xd0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 1, 0 };
	struct net_end *sender, *receiver;
	uint32_t i;

	net_world(0x7f000, FRAME);
	sender = &net_ends[0];
	receiver = &net_ends[1];
	receiver->in_order = true;
	CHECK_EQUAL(net_send_counting(sender, 0, 60), 0);
	intercell_net_flush(&sender->net);
	CHECK_EQUAL(intercell_net_poll(&receiver->net, 10), 1);
	CHECK(intercell_net_prepare_sleep(&receiver->net));
	CHECK_EQUAL(receiver->length, 60);
	CHECK(memcmp(net_sections[0], descriptor, 16) == 0);
	CHECK_EQUAL(word_at(net_sections[0], 0x8000, 2), 0);
	CHECK_EQUAL(word_at(net_sections[0], 0x8002, 2), 1);
	CHECK_EQUAL(word_at(net_sections[0], 0x8004, 2), 0);
	for (i = 0; i < 60; i++)
		CHECK_EQUAL(net_sections[0][0xd080 + i], i);
	CHECK_EQUAL(word_at(net_sections[1], 0x9040, 2), 0);
	CHECK_EQUAL(word_at(net_sections[1], 0x9042, 2), 1);
	CHECK_EQUAL(word_at(net_sections[1], 0x9044, 4), 0);
	CHECK_EQUAL(word_at(net_sections[1], 0x9048, 4), 1);
	CHECK_EQUAL(word_at(net_sections[1], 0xd044, 2), 1);
	/* Nothing else was written but the list of free descriptors. */
	memset(net_sections[0], 0, 16);
	memset(net_sections[0] + 0x8002, 0, 2);
	memset(net_sections[0] + 0xd080, 0, 60);
	for (i = 1; i < 2047; i++) {
		CHECK_EQUAL(word_at(net_sections[0], 16 * i + 14, 2), i + 1);
		memset(net_sections[0] + 16 * i + 14, 0, 2);
	}
	for (i = 0; i < 0x7f000; i++)
		CHECK_EQUAL(net_sections[0][i], 0);
	/* The second lies in the next slot of whole cache lines. */
	CHECK_EQUAL(net_send_counting(sender, 1, 60), 0);
	CHECK_EQUAL(word_at(net_sections[0], 16, 4), 0xd080 + 128);
}

static void states_follow_the_peer_and_the_section_is_clear_before_ready(void)
{
	static const uint32_t steps[][2] = { { 2, 0 }, { 0, 1 }, { 1, 2 }, { 2, 3 }, { 3, 3 }, { 0, 1 } };
	struct intercell_net_options options;
	struct net_end *end = &net_ends[0];

	net_sections_make(0x2000);
	memset(net_sections[1], 0, 0x2000);
	options = net_options(0, 0x2000, FRAME);
	options.interrupts = true;
	CHECK_EQUAL(intercell_net_init(&end->net, &options), 0);
	intercell_net_start(&end->net);
	CHECK_EQUAL(end->armed, 1);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		net_states[1] = steps[i][0];
		if (i == 2)
			CHECK_EQUAL(net_sections[0][0], 0xaa);
		intercell_net_poll(&end->net, 1);
		CHECK_EQUAL(net_states[0], steps[i][1]);
		CHECK_EQUAL(intercell_net_up(&end->net), steps[i][1] == 3);
		CHECK(intercell_net_prepare_sleep(&end->net));
	}
	CHECK_EQUAL(end->ups, 1);
	CHECK_EQUAL(end->downs, 1);
	intercell_net_wake(&end->net);
	CHECK_EQUAL(end->armed, 2);
	net_states[1] = 1;
	CHECK(!intercell_net_prepare_sleep(&end->net));
	intercell_net_stop(&end->net);
	CHECK_EQUAL(net_states[0], 0);
	CHECK_EQUAL(intercell_net_poll(&end->net, 1), 0);
	CHECK_EQUAL(net_states[0], 0);
}

static void own_state_that_was_erased_lets_the_link_go(void)
{
	net_world(0x2000, FRAME);
	net_states[0] = 0;
	CHECK(!intercell_net_prepare_sleep(&net_ends[0].net));
	net_settle();
	CHECK_EQUAL(net_ends[0].downs, 1);
	CHECK(intercell_net_up(&net_ends[0].net) && intercell_net_up(&net_ends[1].net));
	CHECK_EQUAL(net_ends[0].ups, 2);
}

static void doorbells_are_rung_for_who_waits(void)
{
	struct net_end *end = &net_ends[0];
	uint32_t i, before;

	net_world(0x7f000, FRAME);
	before = end->rung;
	for (i = 0; i < 10; i++) {
		net_send_counting(end, i, 60);
		intercell_net_flush(&end->net);
	}
	CHECK_EQUAL(end->rung - before, 1);
	CHECK_EQUAL(end->vector, 1);
	CHECK_EQUAL(intercell_net_poll(&net_ends[1].net, 100), 10);
	/* It polls: it has not asked for the next one. */
	net_send_counting(end, i, 60);
	intercell_net_flush(&end->net);
	CHECK_EQUAL(end->rung - before, 1);
	CHECK(!intercell_net_prepare_sleep(&net_ends[1].net));
	CHECK_EQUAL(intercell_net_poll(&net_ends[1].net, 100), 1);
	CHECK(intercell_net_prepare_sleep(&net_ends[1].net));
	net_send_counting(end, i, 60);
	intercell_net_flush(&end->net);
	CHECK_EQUAL(end->rung - before, 2);
	net_ends[0].net.options.vectors = 1;
	intercell_net_poll(&net_ends[1].net, 100);
	CHECK(intercell_net_prepare_sleep(&net_ends[1].net));
	net_send_counting(end, i, 60);
	intercell_net_flush(&end->net);
	CHECK_EQUAL(end->rung - before, 3);
	CHECK_EQUAL(end->vector, 0);
}

static void full_ring_refuses_and_asks_for_room(void)
{
	struct net_end *sender = &net_ends[0], *receiver = &net_ends[1];
	uint32_t sent = 0, before;

	net_world(0x2000, FRAME);
	receiver->in_order = true;
	while (net_send_counting(sender, sent, 500) == 0)
		sent++;
	/* 6400 bytes hold eleven slots of 576. */
	CHECK_EQUAL(sent, 11);
	CHECK_EQUAL(sender->net.statistics.tx_refused, 1);
	CHECK(intercell_net_prepare_sleep(&sender->net));
	before = receiver->rung;
	receiver->hold = true;
	CHECK_EQUAL(intercell_net_poll(&receiver->net, 100), 0);
	CHECK(!intercell_net_prepare_sleep(&receiver->net));
	receiver->hold = false;
	CHECK_EQUAL(intercell_net_poll(&receiver->net, 5), 5);
	CHECK_EQUAL(receiver->rung, before);
	CHECK_EQUAL(intercell_net_poll(&receiver->net, 100), 6);
	CHECK_EQUAL(receiver->rung, before + 1);
	CHECK(!intercell_net_prepare_sleep(&sender->net));
	CHECK_EQUAL(net_send_counting(sender, sent, 500), 0);
	net_settle();
	CHECK_EQUAL(receiver->arrived, 12);
}

static void too_little_room_is_asked_for_again(void)
{
	struct net_end *sender = &net_ends[0], *receiver = &net_ends[1];
	uint32_t i, before;

	net_world(0x2000, 1618);
	/* 6400 bytes hold 22 slots of 64 and three of 1664. */
	for (i = 0; i < 25; i++)
		CHECK_EQUAL(net_send_counting(sender, 0, i < 22 ? 14 : 1618), 0);
	intercell_net_flush(&sender->net);
	CHECK_EQUAL(intercell_net_poll(&receiver->net, 1), 1);
	CHECK_EQUAL(net_send_counting(sender, 0, 1618), INTERCELL_ENOBUFS);
	CHECK(intercell_net_prepare_sleep(&sender->net));
	before = receiver->rung;
	CHECK_EQUAL(intercell_net_poll(&receiver->net, 100), 24);
	CHECK_EQUAL(receiver->rung, before + 1);
	intercell_net_poll(&sender->net, 100);
	CHECK_EQUAL(net_send_counting(sender, 0, 1618), 0);
}

static void frames_of_all_lengths_pass_the_wrap_both_ways(uint32_t section, uint32_t longest)
{
	uint32_t sent[2] = { 0, 0 }, round;

	net_world(section, longest);
	for (unsigned i = 0; i < 2; i++)
		net_ends[i].in_order = true;
	for (round = 0; round < 20000; round++) {
		struct net_end *end = &net_ends[random_below(2)];

		if (random_below(3) == 0)
			intercell_net_poll(&end->net, 1 + random_below(40));
		else if (net_send_counting(end, sent[end->id], 14 + random_below(longest - 13)) == 0)
			sent[end->id]++;
		if (random_below(20) == 0)
			intercell_net_flush(&end->net);
	}
	net_settle();
	for (unsigned i = 0; i < 2; i++) {
		CHECK(sent[i] > 3000);
		CHECK_EQUAL(net_ends[1 - i].arrived, sent[i]);
		CHECK_EQUAL(net_ends[i].faults, 0);
		CHECK_EQUAL(intercell_net_outstanding(&net_ends[i].net.ring), 0);
		CHECK_EQUAL(net_ends[i].net.statistics.tx_frames, sent[i]);
		CHECK_EQUAL(net_ends[i].net.statistics.rx_frames, sent[1 - i]);
	}
}

static void frames_that_do_not_fit_are_refused_and_counted(void)
{
	struct net_end *end = &net_ends[0];

	net_world(0x7f000, FRAME);
	CHECK_EQUAL(net_send_counting(end, 0, 13), INTERCELL_EMSGSIZE);
	CHECK_EQUAL(net_send_counting(end, 0, FRAME + 1), INTERCELL_EMSGSIZE);
	CHECK_EQUAL(net_send_counting(end, 0, FRAME), 0);
	net_ends[1].net.options.frame_size = 100;
	net_send_counting(end, 0, 101);
	net_send_counting(end, 0, 100);
	end->net.options.frame_size = FRAME;
	net_settle();
	CHECK_EQUAL(net_ends[1].net.statistics.rx_oversized, 2);
	CHECK_EQUAL(net_ends[1].length, 100);
	intercell_net_stop(&net_ends[1].net);
	net_settle();
	CHECK_EQUAL(net_send_counting(end, 0, 60), INTERCELL_ENOTCONN);
	CHECK_EQUAL(end->net.statistics.tx_refused, 1);
}

static void restart_of_the_peer_counts_what_was_on_its_way(void)
{
	struct intercell_net_options options;

	net_world(0x2000, FRAME);
	for (uint32_t i = 0; i < 3; i++)
		net_send_counting(&net_ends[0], i, 60);
	intercell_net_flush(&net_ends[0].net);
	intercell_net_poll(&net_ends[1].net, 1);
	/* The peer is gone without a word, and another takes its place. */
	net_states[1] = 0;
	options = net_options(1, 0x2000, FRAME);
	CHECK_EQUAL(intercell_net_init(&net_ends[1].net, &options), 0);
	intercell_net_start(&net_ends[1].net);
	net_settle();
	CHECK_EQUAL(net_ends[0].lost, 2);
	CHECK_EQUAL(net_ends[0].net.statistics.tx_lost, 2);
	CHECK(intercell_net_up(&net_ends[0].net) && intercell_net_up(&net_ends[1].net));
	CHECK_EQUAL(net_ends[1].arrived, 0);
	net_ends[1].in_order = true;
	net_send_counting(&net_ends[0], 0, 60);
	net_settle();
	CHECK_EQUAL(net_ends[1].arrived, 1);
}

int main(void)
{
	geometry_is_that_of_the_drivers();
	printf("ok geometry\n");
	init_refuses_what_makes_no_sense();
	printf("ok init\n");
	first_frame_lies_where_the_drivers_look();
	printf("ok bytes\n");
	states_follow_the_peer_and_the_section_is_clear_before_ready();
	own_state_that_was_erased_lets_the_link_go();
	printf("ok states\n");
	doorbells_are_rung_for_who_waits();
	printf("ok doorbells\n");
	full_ring_refuses_and_asks_for_room();
	too_little_room_is_asked_for_again();
	printf("ok room\n");
	frames_of_all_lengths_pass_the_wrap_both_ways(0x1000, 594);
	frames_of_all_lengths_pass_the_wrap_both_ways(0x2000, FRAME);
	frames_of_all_lengths_pass_the_wrap_both_ways(0x10000, FRAME);
	printf("ok wrap\n");
	frames_that_do_not_fit_are_refused_and_counted();
	printf("ok lengths\n");
	restart_of_the_peer_counts_what_was_on_its_way();
	printf("ok restart\n");
	return 0;
}
