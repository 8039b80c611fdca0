/* SPDX-License-Identifier: MIT */
/* Sessions: handshake, restart with what was left behind, refusal, leaving. */
#include "mail.h"

static void handshake_opens_both_ways(void)
{
	world_start(3);
	for (unsigned id = 0; id < 3; id++)
		for (unsigned peer = 0; peer < 3; peer++)
			if (id != peer) {
				CHECK_EQUAL(cells[id].links[peer].phase, INTERCELL_PHASE_READY);
				CHECK_EQUAL(world_event(id, peer)->kind, INTERCELL_EVENT_UP);
			}
	CHECK_EQUAL(*world_word(0, INTERCELL_HEADER_MAGIC), INTERCELL_MAGIC);
	CHECK(state_table[0] != 0);
}

static void absent_peer_is_waited_for(void)
{
	world_start(1);
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_WAITING);
	CHECK_EQUAL(mail_open(0, &mail_protocol)->count, 0);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), INTERCELL_ENOTCONN);
	CHECK_EQUAL(intercell_node_start(&world_boot(1)->node), 0);
	world_settle();
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_READY);
}

static void messages_go_both_ways(void)
{
	mail_start(2);
	CHECK_EQUAL(mail_send(0, 1, 11, 4), 0);
	CHECK_EQUAL(mail_send(1, 0, 22, 1008), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 1);
	CHECK_EQUAL(boxes[1].values[0], 11);
	CHECK_EQUAL(boxes[0].values[0], 22);
	CHECK_EQUAL(boxes[0].lengths[0], 1008);
}

static void leaving_tells_the_peer_and_counts_nothing_lost(void)
{
	mail_start(2);
	CHECK_EQUAL(mail_send(0, 1, 7, 4), 0);
	intercell_node_stop(&cells[0].node);
	intercell_node_stop(&cells[0].node);
	CHECK_EQUAL(state_table[0], 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 1);
	CHECK_EQUAL(world_event(1, 0)->kind, INTERCELL_EVENT_DOWN);
	CHECK_EQUAL(world_event(1, 0)->lost, 0);
	CHECK_EQUAL(world_event(0, 1)->lost, 1);
	CHECK_EQUAL(intercell_node_start(&cells[0].node), 0);
	world_settle();
	CHECK_EQUAL(mail_send(0, 1, 8, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 2);
}

static void killed_peer_is_drained_and_its_restart_told(void)
{
	mail_start(2);
	for (uint32_t i = 0; i < 5; i++)
		CHECK_EQUAL(mail_send(0, 1, 100 + i, 4), 0);
	CHECK_EQUAL(mail_send(1, 0, 1, 4), 0);
	CHECK_EQUAL(mail_send(1, 0, 2, 4), 0);
	world_kill(0);
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	mail_open(0, &mail_protocol);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 5);
	CHECK_EQUAL(boxes[1].values[4], 104);
	CHECK_EQUAL(cells[1].links[0].statistics.lost, 2);
	for (unsigned i = 0; i < cells[1].event_count; i++)
		if (cells[1].events[i].kind == INTERCELL_EVENT_RESTARTED)
			CHECK_EQUAL(cells[1].events[i].lost, 2);
	CHECK_EQUAL(world_event(1, 0)->kind, INTERCELL_EVENT_UP);
	CHECK_EQUAL(mail_send(0, 1, 200, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 6);
	CHECK_EQUAL(boxes[1].values[5], 200);
}

static void restart_waits_for_the_drain(void)
{
	mail_start(2);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	boxes[1].hold = 1;
	world_kill(0);
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	for (int i = 0; i < 3; i++)
		intercell_node_poll(&cells[0].node);
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_WAITING);
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(boxes[1].count, 0);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_READY);
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(boxes[1].count, 1);
	world_settle();
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_READY);
	CHECK_EQUAL(boxes[1].count, 1);
}

static void restart_with_another_geometry_discards_what_was_left(void)
{
	struct intercell_layout_options options;

	mail_start(2);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	world_kill(0);
	world_options(0, &options);
	options.peers = 1u << 1;
	options.latest_bytes = 0;
	CHECK_EQUAL(intercell_node_start(&world_boot_with(0, &options)->node), 0);
	CHECK(cells[0].layout.ring_capacity > 2048);
	mail_open(0, &other_protocol);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 0);
	CHECK_EQUAL(cells[1].links[0].statistics.torn, 1);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_READY);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 0);
}

static void records_are_not_taken_once_the_directory_changed(void)
{
	mail_start(2);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	state_table[0] = 0;
	*world_word(0, intercell_entry(1) + INTERCELL_ENTRY_EPOCH) = 0;
	*world_word(0, intercell_entry(1) + INTERCELL_ENTRY_RING) += 128;
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(boxes[1].count, 0);
	CHECK_EQUAL(cells[1].links[0].statistics.torn, 1);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_WAITING);
}

static void opened_side_waits_for_the_other_to_open(void)
{
	world_reset();
	CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
	CHECK_EQUAL(intercell_node_start(&world_boot(1)->node), 0);
	intercell_node_poll(&cells[0].node);
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_ACCEPTED);
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_OPEN);
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_OPEN);
	CHECK(world_event(1, 0) == NULL);
	intercell_node_poll(&cells[0].node);
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_READY);
	intercell_node_poll(&cells[1].node);
	CHECK_EQUAL(cells[1].links[0].phase, INTERCELL_PHASE_READY);
}

static void both_restart(void)
{
	mail_start(2);
	for (int round = 0; round < 20; round++) {
		uint32_t epoch = *world_word(0, INTERCELL_HEADER_EPOCH_COUNTER);

		CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
		CHECK_EQUAL(mail_send(1, 0, 1, 4), 0);
		world_kill(0);
		world_kill(1);
		CHECK_EQUAL(intercell_node_start(&world_boot(1)->node), 0);
		for (int i = 0; i < round % 3; i++)
			intercell_node_poll(&cells[1].node);
		CHECK_EQUAL(intercell_node_start(&world_boot(0)->node), 0);
		mail_open(0, &mail_protocol);
		mail_open(1, &mail_protocol);
		world_settle();
		CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_READY);
		CHECK_EQUAL(boxes[1].count, 0);
		CHECK_EQUAL(boxes[0].count, 0);
		CHECK(cells[0].links[1].epoch > epoch);
	}
}

static void zeroed_state_keeps_the_session(void)
{
	mail_start(2);
	uint32_t state = state_table[1];

	state_table[1] = 0;
	CHECK_EQUAL(mail_send(1, 0, 5, 4), 0);
	world_settle();
	CHECK_EQUAL(world_event(0, 1)->kind, INTERCELL_EVENT_AWAY);
	CHECK_EQUAL(boxes[0].count, 1);
	CHECK_EQUAL(mail_send(0, 1, 5, 4), INTERCELL_ENOTCONN);
	state_table[1] = state;
	world_settle();
	CHECK_EQUAL(world_event(0, 1)->kind, INTERCELL_EVENT_BACK);
	CHECK_EQUAL(mail_send(0, 1, 5, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 1);
}

static void stalled_peer_is_told_and_comes_back(void)
{
	mail_start(2);
	clock_now += 401;
	intercell_node_poll(&cells[0].node);
	CHECK_EQUAL(world_event(0, 1)->kind, INTERCELL_EVENT_STALLED);
	CHECK_EQUAL(mail_send(0, 1, 5, 4), INTERCELL_ETIMEDOUT);
	world_settle();
	CHECK_EQUAL(world_event(0, 1)->kind, INTERCELL_EVENT_BACK);
	CHECK_EQUAL(mail_send(0, 1, 5, 4), 0);
}

static void link_closes_and_opens_again(void)
{
	mail_start(2);
	intercell_link_close(&cells[0].links[1]);
	CHECK_EQUAL(world_event(0, 1)->kind, INTERCELL_EVENT_DOWN);
	world_settle();
	CHECK_EQUAL(world_event(1, 0)->kind, INTERCELL_EVENT_DOWN);
	CHECK_EQUAL(intercell_link_open(&cells[0].links[1]), 0);
	CHECK_EQUAL(intercell_link_open(&cells[0].links[1]), INTERCELL_EBUSY);
	world_settle();
	CHECK_EQUAL(mail_send(0, 1, 5, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 1);
}

int main(void)
{
	RUN(handshake_opens_both_ways);
	RUN(absent_peer_is_waited_for);
	RUN(messages_go_both_ways);
	RUN(leaving_tells_the_peer_and_counts_nothing_lost);
	RUN(killed_peer_is_drained_and_its_restart_told);
	RUN(restart_waits_for_the_drain);
	RUN(restart_with_another_geometry_discards_what_was_left);
	RUN(records_are_not_taken_once_the_directory_changed);
	RUN(opened_side_waits_for_the_other_to_open);
	RUN(both_restart);
	RUN(zeroed_state_keeps_the_session);
	RUN(stalled_peer_is_told_and_comes_back);
	RUN(link_closes_and_opens_again);
	return 0;
}
