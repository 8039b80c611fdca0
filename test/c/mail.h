/* SPDX-License-Identifier: MIT */
/* A protocol and a channel for the C tests, with a box that keeps what arrives. */
#ifndef TEST_MAIL_H
#define TEST_MAIL_H

#include "world.h"

#define BOX 64

struct test_box {
	struct intercell_channel channel;
	unsigned count;
	uint32_t values[BOX]; /* first words of the newest messages, by arrival modulo BOX */
	uint32_t lengths[BOX];
	unsigned broadcasts;
	unsigned hold; /* how many deliveries are still held back */
	unsigned notices[4];
	char theirs[INTERCELL_NAME_MAX + 1];
	uint64_t their_hash;
	unsigned cancelled;
	struct intercell_request request;
	unsigned requests;
	bool answer;
	bool failing;
};

static const struct intercell_message_size mail_sizes[] = { { 4, 1008 }, { 8, 8 } };
static const uint32_t mail_topics[] = { 8, 100 };
static const struct intercell_protocol mail_protocol = { "mail", 0x1122334455667788u, mail_sizes, mail_topics, 2, 2 };
static const struct intercell_protocol other_protocol = { "mail2", 0x99u, mail_sizes, mail_topics, 2, 0 };
static struct test_box boxes[PEERS];

static int box_message(struct intercell_channel *channel, const struct intercell_message *message)
{
	struct test_box *box = channel->context;

	if (box->hold > 0) {
		box->hold--;
		return INTERCELL_HOLD;
	}
	CHECK(message->length >= 4 && ((uintptr_t)message->data & 7) == 0);
	memcpy(&box->values[box->count % BOX], message->data, 4);
	box->lengths[box->count++ % BOX] = message->length;
	box->broadcasts += message->broadcast;
	return INTERCELL_OK;
}

static int box_request(struct intercell_channel *channel, const struct intercell_message *message,
                       const struct intercell_request *request)
{
	struct test_box *box = channel->context;
	uint32_t answer[2] = { 0, 0 };

	box->requests++;
	box->request = *request;
	if (box->failing)
		return intercell_request_fail(channel, request, INTERCELL_ERROR_FAILED, "no ink", 6);
	memcpy(answer, message->data, 4);
	answer[1] = answer[0] * 2;
	if (box->answer)
		return intercell_request_reply(channel, request, 1, answer, 8) == INTERCELL_ENOBUFS ? INTERCELL_HOLD
		                                                                                    : 0;
	return INTERCELL_OK;
}

static void box_cancel(struct intercell_channel *channel, const struct intercell_request *request)
{
	struct test_box *box = channel->context;

	box->cancelled++;
	CHECK_EQUAL(request->sequence, box->request.sequence);
}

static void box_notice(struct intercell_channel *channel, struct intercell_link *link, enum intercell_notice notice,
                       const struct intercell_remote *remote)
{
	struct test_box *box = channel->context;

	(void)link;
	box->notices[notice]++;
	if (notice == INTERCELL_NOTICE_MISMATCHED) {
		memcpy(box->theirs, remote->protocol, remote->protocol_length);
		box->their_hash = remote->hash;
	}
}

static inline struct test_box *mail_open(unsigned id, const struct intercell_protocol *protocol)
{
	struct test_box *box = &boxes[id];

	memset(box, 0, sizeof(*box));
	box->answer = true;
	box->channel.name = "post";
	box->channel.protocol = protocol;
	box->channel.on_message = box_message;
	box->channel.on_request = box_request;
	box->channel.on_cancel = box_cancel;
	box->channel.on_notice = box_notice;
	box->channel.context = box;
	CHECK_EQUAL(intercell_channel_open(&cells[id].hub, &box->channel), 0);
	return box;
}

/* Cells with open sessions and a matched channel. */
static inline void mail_start(unsigned count)
{
	unsigned id;

	world_start(count);
	for (id = 0; id < count; id++)
		mail_open(id, &mail_protocol);
	world_settle();
	for (id = 0; id < count; id++)
		CHECK_EQUAL(boxes[id].notices[INTERCELL_NOTICE_MATCHED], count - 1);
}

static inline int mail_send(unsigned from, unsigned to, uint32_t value, uint32_t length)
{
	unsigned char data[1024] = { 0 };

	memcpy(data, &value, 4);
	return intercell_channel_send(&boxes[from].channel, to, 0, data, length);
}

#endif
