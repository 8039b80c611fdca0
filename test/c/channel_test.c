/* SPDX-License-Identifier: MIT */
/* Channels and requests: match, mismatch, withdraw, reply, error, time, cancel. */
#include "mail.h"

struct test_answer {
	struct intercell_pending pending;
	unsigned count;
	int status;
	uint32_t value;
	uint32_t code;
	char text[201];
};

static struct test_answer answer;

static void answered(struct intercell_pending *pending, int status, const struct intercell_message *reply)
{
	struct test_answer *to = pending->context;

	to->count++;
	to->status = status;
	if (status == INTERCELL_OK)
		memcpy(&to->value, (const unsigned char *)reply->data + 4, 4);
	if (status == INTERCELL_EREMOTEIO) {
		to->code = reply->number;
		memcpy(to->text, reply->data, reply->length);
	}
}

static int ask(uint32_t value, uint32_t timeout_ms)
{
	memset(&answer, 0, sizeof(answer));
	answer.pending.done = answered;
	answer.pending.context = &answer;
	return intercell_channel_request(&boxes[0].channel, 1, 0, &value, 4, &answer.pending, timeout_ms);
}

static void request_gets_its_reply(void)
{
	mail_start(2);
	CHECK_EQUAL(ask(21, 0), 0);
	CHECK_EQUAL(intercell_channel_request(&boxes[0].channel, 1, 0, "abcd", 4, &answer.pending, 0), INTERCELL_EBUSY);
	world_settle();
	CHECK_EQUAL(answer.count, 1);
	CHECK_EQUAL(answer.status, INTERCELL_OK);
	CHECK_EQUAL(answer.value, 42);
	CHECK(!cells[0].hub.pendings);
}

static void failing_handler_is_told_with_its_text(void)
{
	mail_start(2);
	boxes[1].failing = true;
	CHECK_EQUAL(ask(1, 0), 0);
	world_settle();
	CHECK_EQUAL(answer.status, INTERCELL_EREMOTEIO);
	CHECK_EQUAL(answer.code, INTERCELL_ERROR_FAILED);
	CHECK(strcmp(answer.text, "no ink") == 0);
}

static void request_without_a_handler_gets_an_error(void)
{
	mail_start(2);
	boxes[1].channel.on_request = NULL;
	CHECK_EQUAL(ask(1, 0), 0);
	world_settle();
	CHECK_EQUAL(answer.code, INTERCELL_ERROR_NO_HANDLER);
}

static void request_in_time_and_out_of_time(void)
{
	mail_start(2);
	boxes[1].answer = false;
	CHECK_EQUAL(ask(1, 50), 0);
	world_settle();
	clock_now += 49;
	world_settle();
	CHECK_EQUAL(answer.count, 0);
	clock_now += 1;
	world_settle();
	CHECK_EQUAL(answer.count, 1);
	CHECK_EQUAL(answer.status, INTERCELL_ETIMEDOUT);
	CHECK_EQUAL(boxes[1].cancelled, 1);
	uint32_t late[2] = { 1, 2 };

	CHECK_EQUAL(intercell_request_reply(&boxes[1].channel, &boxes[1].request, 1, late, 8), 0);
	world_settle();
	CHECK_EQUAL(cells[0].hub.late, 1);
	CHECK_EQUAL(answer.count, 1);
}

/* What holds a message back may well be waiting for this request. */
static void request_runs_out_of_time_while_a_message_of_an_ended_session_is_held(void)
{
	mail_start(2);
	boxes[1].answer = false;
	boxes[0].hold = 1000;
	CHECK_EQUAL(ask(1, 50), 0);
	CHECK_EQUAL(mail_send(1, 0, 7, 4), 0);
	world_settle();
	*world_word(1, intercell_entry(0) + INTERCELL_ENTRY_EPOCH) = 0;
	intercell_node_poll(&cells[0].node);
	CHECK(cells[0].links[1].held_over);
	clock_now += 50;
	intercell_node_poll(&cells[0].node);
	CHECK_EQUAL(answer.count, 1);
	CHECK_EQUAL(answer.status, INTERCELL_ETIMEDOUT);
	boxes[0].hold = 0;
	intercell_node_poll(&cells[0].node);
	CHECK_EQUAL(boxes[0].values[0], 7);
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_WAITING);
}

static void cancelled_request_ends_at_once(void)
{
	mail_start(2);
	boxes[1].answer = false;
	CHECK_EQUAL(ask(1, 0), 0);
	CHECK_EQUAL(intercell_pending_cancel(&answer.pending), 0);
	CHECK_EQUAL(intercell_pending_cancel(&answer.pending), INTERCELL_ENOENT);
	CHECK_EQUAL(answer.status, INTERCELL_ECANCELED);
	world_settle();
	CHECK_EQUAL(boxes[1].cancelled, 1);
}

static void restart_ends_requests_and_answers(void)
{
	struct intercell_request old;
	uint32_t value[2] = { 0, 0 };

	mail_start(2);
	boxes[1].answer = false;
	CHECK_EQUAL(ask(1, 0), 0);
	world_settle();
	old = boxes[1].request;
	intercell_link_close(&cells[0].links[1]);
	CHECK_EQUAL(answer.status, INTERCELL_ECONNRESET);
	CHECK_EQUAL(intercell_link_open(&cells[0].links[1]), 0);
	world_settle();
	CHECK_EQUAL(intercell_request_reply(&boxes[1].channel, &old, 1, value, 8), INTERCELL_ECONNRESET);
}

static void requests_wait_while_the_answering_ring_is_full(void)
{
	mail_start(2);
	while (mail_send(1, 0, 1, 1008) == 0)
		;
	while (mail_send(1, 0, 1, 4) == 0)
		;
	CHECK_EQUAL(ask(21, 0), 0);
	intercell_node_poll(&cells[1].node);
	CHECK(cells[1].links[0].held);
	CHECK_EQUAL(answer.count, 0);
	world_settle();
	CHECK_EQUAL(answer.value, 42);
}

static void mismatch_names_both_and_spares_the_link(void)
{
	struct test_box *box;

	world_start(2);
	mail_open(0, &mail_protocol);
	box = mail_open(1, &other_protocol);
	world_settle();
	CHECK_EQUAL(box->notices[INTERCELL_NOTICE_MISMATCHED], 1);
	CHECK_EQUAL(boxes[0].notices[INTERCELL_NOTICE_MISMATCHED], 1);
	CHECK(strcmp(box->theirs, "mail") == 0);
	CHECK(strcmp(boxes[0].theirs, "mail2") == 0);
	CHECK(box->their_hash == mail_protocol.hash);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), INTERCELL_EPROTOTYPE);
	CHECK_EQUAL(cells[0].links[1].phase, INTERCELL_PHASE_READY);
	CHECK_EQUAL(intercell_channel_close(&box->channel), 0);
	mail_open(1, &mail_protocol);
	world_settle();
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 1);
}

static void closed_channel_is_withdrawn(void)
{
	mail_start(2);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	CHECK_EQUAL(intercell_channel_close(&boxes[1].channel), 0);
	CHECK_EQUAL(intercell_channel_close(&boxes[1].channel), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 0);
	CHECK_EQUAL(cells[1].links[0].statistics.ignored, 1);
	CHECK_EQUAL(boxes[0].notices[INTERCELL_NOTICE_WITHDRAWN], 1);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), INTERCELL_ENOTCONN);
	mail_open(1, &mail_protocol);
	world_settle();
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	CHECK_EQUAL(mail_send(1, 0, 1, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 1);
	CHECK_EQUAL(boxes[0].count, 1);
}

static void close_waits_for_room_to_say_so(void)
{
	mail_start(2);
	while (mail_send(1, 0, 1, 1008) == 0)
		;
	while (mail_send(1, 0, 1, 4) == 0)
		;
	CHECK_EQUAL(intercell_channel_close(&boxes[1].channel), INTERCELL_EAGAIN);
	CHECK_EQUAL(mail_send(1, 0, 1, 4), INTERCELL_ENOTCONN);
	world_settle();
	CHECK_EQUAL(intercell_channel_close(&boxes[1].channel), 0);
	world_settle();
	CHECK_EQUAL(boxes[0].notices[INTERCELL_NOTICE_WITHDRAWN], 1);
}

static void more_channels_than_the_table_takes_are_counted(void)
{
	static struct intercell_channel extra[REMOTES];
	static const char *names[REMOTES] = { "a", "b", "c", "d" };

	mail_start(2);
	memset(extra, 0, sizeof(extra));
	for (unsigned i = 0; i < REMOTES; i++) {
		extra[i].name = names[i];
		extra[i].protocol = &other_protocol;
		CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &extra[i]), 0);
	}
	world_settle();
	CHECK_EQUAL(cells[1].hub_links[0].overflow, 1);
	CHECK_EQUAL(cells[1].links[0].statistics.faults, 0);
	CHECK_EQUAL(mail_send(0, 1, 1, 4), 0);
	world_settle();
	CHECK_EQUAL(boxes[1].count, 1);
}

static void names_are_checked(void)
{
	struct intercell_channel channel;

	mail_start(2);
	memset(&channel, 0, sizeof(channel));
	channel.protocol = &other_protocol;
	CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &channel), INTERCELL_EINVAL);
	channel.name = "";
	CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &channel), INTERCELL_EINVAL);
	channel.name = "123456789012345678901234567890123";
	CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &channel), INTERCELL_EINVAL);
	channel.name = "\xc0\x80";
	CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &channel), INTERCELL_EINVAL);
	channel.name = "\xed\xa0\x80";
	CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &channel), INTERCELL_EINVAL);
	channel.name = "gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80";
	CHECK_EQUAL(intercell_channel_open(&cells[0].hub, &channel), 0);
}

int main(void)
{
	RUN(request_gets_its_reply);
	RUN(failing_handler_is_told_with_its_text);
	RUN(request_without_a_handler_gets_an_error);
	RUN(request_in_time_and_out_of_time);
	RUN(request_runs_out_of_time_while_a_message_of_an_ended_session_is_held);
	RUN(cancelled_request_ends_at_once);
	RUN(restart_ends_requests_and_answers);
	RUN(requests_wait_while_the_answering_ring_is_full);
	RUN(mismatch_names_both_and_spares_the_link);
	RUN(closed_channel_is_withdrawn);
	RUN(close_waits_for_room_to_say_so);
	RUN(more_channels_than_the_table_takes_are_counted);
	RUN(names_are_checked);
	return 0;
}
