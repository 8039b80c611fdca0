/* SPDX-License-Identifier: MIT */
/*
 * A cell of the conformance tests in C: carries out commands, one a line, and tells what happens as JSON arrays. The
 * commands and the events are those of typescript-cell.ts. The type hashes come from the compiler's command line, as
 * the protocols are defined in blob.ts.
 */
#ifndef TEST_PROBE_H
#define TEST_PROBE_H

#include "intercell/intercell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_PEERS 3
#define PROBE_REMOTES 4
#define PROBE_CHANNELS 2
#define PROBE_ASKS 64
#define PROBE_BLOB_MAX 900
#define PROBE_TOPIC_SIZE 308
/* Promised to the peers, which call a cell stalled after four of them. */
#ifndef PROBE_HEARTBEAT_MS
#define PROBE_HEARTBEAT_MS 100
#endif
/* Id and length before the data (docs/schema.md). */
#define PROBE_BLOB_HEADER 6

struct probe_ask {
	struct intercell_pending pending;
	unsigned slot;
	unsigned number;
};

struct probe {
	struct intercell_platform platform;
	struct intercell_node node;
	struct intercell_hub hub;
	struct intercell_link links[PROBE_PEERS];
	struct intercell_hub_link hub_links[PROBE_PEERS];
	struct intercell_remote remotes[PROBE_PEERS * PROBE_REMOTES];
	struct intercell_channel channels[PROBE_CHANNELS];
	struct probe_ask asks[PROBE_ASKS];
	_Alignas(8) unsigned char scratch[0x2000];
	_Alignas(8) unsigned char data[1024];
	uint32_t missed[PROBE_PEERS];
	unsigned asked;
	bool held;
	bool unhandled;
	/* Takes one line of JSON without its end. */
	void (*tell)(void *context, const char *line);
	void *context;
};

static const char *const probe_names[PROBE_CHANNELS] = { "slot0", "slot1" };
static const struct intercell_message_size probe_sizes[] = { { 6, 908 }, { 6, 908 } };
static const struct intercell_message_size stranger_sizes[] = { { 4, 4 } };
static const uint32_t probe_topics[] = { PROBE_TOPIC_SIZE };
static const struct intercell_protocol probe_protocols[] = {
	{ "probe", PROBE_HASH, probe_sizes, probe_topics, 2, 1 },
	{ "stranger", STRANGER_HASH, stranger_sizes, NULL, 1, 0 },
};

#define PROBE_TELL(probe, ...)                                     \
	do {                                                       \
		char line_[512];                                   \
		snprintf(line_, sizeof(line_), __VA_ARGS__);       \
		(probe)->tell((probe)->context, line_);            \
	} while (0)

static inline unsigned probe_slot(const struct probe *probe, const struct intercell_channel *channel)
{
	return (unsigned)(channel - probe->channels);
}

static inline uint32_t probe_fill(unsigned char *to, uint32_t id, uint32_t size)
{
	uint16_t length = (uint16_t)size;

	memcpy(to, &id, 4);
	memcpy(to + 4, &length, 2);
	for (uint32_t i = 0; i < size; i++)
		to[PROBE_BLOB_HEADER + i] = (unsigned char)(id * 31 + i * 7);
	return PROBE_BLOB_HEADER + size;
}

/* Tells of bytes that arrived under @name, or that they are not what probe_fill() makes. */
static inline void probe_arrived(struct probe *probe, const char *name, const char *prefix, const void *data,
                                 uint32_t length, const char *suffix)
{
	const unsigned char *bytes = data;
	uint32_t id = 0;
	uint16_t size = 0;
	bool whole = length >= PROBE_BLOB_HEADER;

	if (whole) {
		memcpy(&id, bytes, 4);
		memcpy(&size, bytes + 4, 2);
		whole = length == PROBE_BLOB_HEADER + (uint32_t)size;
	}
	for (uint32_t i = 0; whole && i < size; i++)
		whole = bytes[PROBE_BLOB_HEADER + i] == (unsigned char)(id * 31 + i * 7);
	if (whole)
		PROBE_TELL(probe, "[\"%s\",%s,%u,%u%s]", name, prefix, id, size, suffix);
	else
		PROBE_TELL(probe, "[\"torn\",%s]", prefix);
}

static inline int probe_message(struct intercell_channel *channel, const struct intercell_message *message)
{
	struct probe *probe = channel->context;
	uint16_t peer = message->link->peer;
	uint32_t missed = intercell_channel_missed(channel, peer);
	char prefix[32], suffix[32] = "";

	if (probe->held && !message->broadcast)
		return INTERCELL_HOLD;
	snprintf(prefix, sizeof(prefix), "%u,%u", probe_slot(probe, channel), peer);
	if (message->broadcast) {
		snprintf(suffix, sizeof(suffix), ",%u", missed - probe->missed[peer]);
		probe->missed[peer] = missed;
	}
	probe_arrived(probe, message->broadcast ? "news" : "blob", prefix, message->data, message->length, suffix);
	return INTERCELL_OK;
}

/* Requests whose number modulo 4 is 2 fail, 3 are never answered, and the others get the next number back. */
static inline int probe_request(struct intercell_channel *channel, const struct intercell_message *message,
                                const struct intercell_request *request)
{
	struct probe *probe = channel->context;
	_Alignas(8) unsigned char answer[1024];
	char prefix[32];
	uint32_t id;
	int status = INTERCELL_OK;

	memcpy(&id, message->data, 4);
	if (probe->unhandled)
		status = intercell_request_fail(channel, request, INTERCELL_ERROR_NO_HANDLER, "", 0);
	else if ((id & 3) == 2)
		status = intercell_request_fail(channel, request, INTERCELL_ERROR_FAILED, "no ink", 6);
	else if ((id & 3) != 3)
		status = intercell_request_reply(channel, request, 0, answer,
		                                 probe_fill(answer, id + 1, message->length - PROBE_BLOB_HEADER));
	if (status == INTERCELL_ENOBUFS)
		return INTERCELL_HOLD;
	snprintf(prefix, sizeof(prefix), "%u,%u", probe_slot(probe, channel), message->link->peer);
	probe_arrived(probe, "asked", prefix, message->data, message->length, "");
	return INTERCELL_OK;
}

static inline void probe_cancel(struct intercell_channel *channel, const struct intercell_request *request)
{
	struct probe *probe = channel->context;

	PROBE_TELL(probe, "[\"cancelled\",%u,%u]", probe_slot(probe, channel), request->link->peer);
}

static inline void probe_notice(struct intercell_channel *channel, struct intercell_link *link,
                                enum intercell_notice notice, const struct intercell_remote *remote)
{
	static const char *const names[] = { "matched", "mismatched", "withdrawn", "undecodable" };
	struct probe *probe = channel->context;

	(void)remote;
	PROBE_TELL(probe, "[\"%s\",%u,%u]", names[notice], probe_slot(probe, channel), link->peer);
}

static inline void probe_event(void *context, struct intercell_link *link, const struct intercell_event *event)
{
	struct probe *probe = context;

	switch (event->kind) {
	case INTERCELL_EVENT_UP:
	case INTERCELL_EVENT_BACK:
		probe->missed[link->peer] = 0;
		PROBE_TELL(probe, "[\"up\",%u]", link->peer);
		return;
	case INTERCELL_EVENT_AWAY:
		PROBE_TELL(probe, "[\"down\",%u,\"away\"]", link->peer);
		return;
	case INTERCELL_EVENT_FAULT:
		PROBE_TELL(probe, "[\"fault\",%u,%u]", link->peer, event->code);
		return;
	case INTERCELL_EVENT_REFUSED:
		PROBE_TELL(probe, "[\"refused\",%u]", link->peer);
		return;
	case INTERCELL_EVENT_RESTARTED:
	case INTERCELL_EVENT_DOWN:
		PROBE_TELL(probe, "[\"down\",%u,\"ended\"]", link->peer);
		return;
	default:
		PROBE_TELL(probe, "[\"down\",%u,\"stalled\"]", link->peer);
	}
}

static inline void probe_answered(struct intercell_pending *pending, int status, const struct intercell_message *reply)
{
	struct probe_ask *ask = (struct probe_ask *)pending;
	struct probe *probe = pending->context;
	char prefix[32];

	if (status == INTERCELL_OK) {
		snprintf(prefix, sizeof(prefix), "%u", ask->number);
		probe_arrived(probe, "replied", prefix, reply->data, reply->length, "");
	} else if (status == INTERCELL_EREMOTEIO) {
		PROBE_TELL(probe, "[\"failed\",%u,%u,\"%.*s\"]", ask->number, reply->number, (int)reply->length,
		           (const char *)reply->data);
	} else {
		PROBE_TELL(probe, "[\"failed\",%u,\"%s\"]", ask->number,
		           status == INTERCELL_ECANCELED ? "cancelled" : "ended");
	}
}

static inline int probe_open(struct probe *probe, unsigned slot, unsigned variant)
{
	struct intercell_channel *channel = &probe->channels[slot];

	memset(channel, 0, sizeof(*channel));
	channel->name = probe_names[slot];
	channel->protocol = &probe_protocols[variant];
	channel->on_message = probe_message;
	channel->on_request = probe_request;
	channel->on_cancel = probe_cancel;
	channel->on_notice = probe_notice;
	channel->context = probe;
	return intercell_channel_open(&probe->hub, channel);
}

static inline int probe_ask(struct probe *probe, unsigned slot, unsigned peer, uint32_t length)
{
	struct probe_ask *ask = &probe->asks[probe->asked % PROBE_ASKS];
	int status;

	if (ask->pending.active)
		return INTERCELL_EBUSY;
	ask->slot = slot;
	ask->number = probe->asked + 1;
	ask->pending.done = probe_answered;
	ask->pending.context = probe;
	status = intercell_channel_request(&probe->channels[slot], peer, 0, probe->data, length, &ask->pending, 0);
	if (status < 0)
		return status;
	probe->asked++;
	return (int)ask->number;
}

static inline int probe_latest(struct probe *probe, unsigned slot, unsigned peer)
{
	int length = intercell_latest_read(&probe->channels[slot], peer, 0, probe->data);
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "%u,%u", slot, peer);
	if (length >= 0)
		probe_arrived(probe, "mark", prefix, probe->data, (uint32_t)length, "");
	else
		PROBE_TELL(probe, "[\"mark\",%s]", prefix);
	return length;
}

static inline int probe_broadcasts(struct probe *probe, unsigned slot, uint32_t id, uint32_t size, uint32_t count)
{
	int status = 0;

	for (; count > 0 && status == 0; count--, id++)
		status = intercell_channel_broadcast(&probe->channels[slot], 1, probe->data,
		                                     probe_fill(probe->data, id, size));
	return status;
}

/* Reads or writes a word of one's own section, as a peer that breaks the rules does. */
static inline int probe_word(struct probe *probe, uint32_t offset, uint32_t value, bool writes)
{
	if (writes)
		intercell_publish(probe->node.output, offset, value);
	else
		PROBE_TELL(probe, "[\"word\",%u,%u]", offset, intercell_observe(probe->node.output, offset));
	return 0;
}

/* Carries out a command. Returns what the library returned, or INTERCELL_EINVAL for no command. */
static inline int probe_command(struct probe *probe, const char *line)
{
	unsigned a = 0, b = 0, c = 0, d = 0;
	char name[16];

	if (sscanf(line, "%15s %u %u %u %u", name, &a, &b, &c, &d) < 1)
		return INTERCELL_EINVAL;
	if (strcmp(name, "peek") == 0 || strcmp(name, "poke") == 0)
		return probe_word(probe, a, b, name[1] == 'o');
	if (strcmp(name, "hold") == 0)
		probe->held = a != 0;
	else if (strcmp(name, "unhandle") == 0)
		probe->unhandled = a != 0;
	else if (strcmp(name, "stop") == 0)
		intercell_node_stop(&probe->node);
	else if (strcmp(name, "ring") == 0)
		intercell_link_ring(&probe->links[a % PROBE_PEERS]);
	else if (strcmp(name, "cancel") == 0)
		return intercell_pending_cancel(&probe->asks[(a - 1) % PROBE_ASKS].pending);
	else if (a >= PROBE_CHANNELS)
		return INTERCELL_EINVAL;
	else if (strcmp(name, "open") == 0)
		return probe_open(probe, a, b & 1);
	else if (strcmp(name, "close") == 0)
		return intercell_channel_close(&probe->channels[a]);
	else if (strcmp(name, "send") == 0)
		return intercell_channel_send(&probe->channels[a], b, 0, probe->data, probe_fill(probe->data, c, d));
	else if (strcmp(name, "news") == 0)
		return probe_broadcasts(probe, a, b, c, d);
	else if (strcmp(name, "publish") == 0)
		return intercell_latest_publish(&probe->channels[a], 0, probe->data, probe_fill(probe->data, b, c));
	else if (strcmp(name, "latest") == 0)
		return probe_latest(probe, a, b);
	else if (strcmp(name, "ask") == 0)
		return probe_ask(probe, a, b, probe_fill(probe->data, c, d));
	else
		return INTERCELL_EINVAL;
	return 0;
}

/* Everything that is due, then asks the peers to ring: the loop of sleep.h without its wait. */
static inline void probe_run(struct probe *probe)
{
	int rounds = 1000;

	intercell_node_wake(&probe->node);
	do {
		while (rounds-- > 0 && intercell_node_poll(&probe->node) > 0)
			;
	} while (rounds > 0 && !intercell_node_prepare_sleep(&probe->node));
}

/* Starts the cell. @node has what belongs to the machine; the rest is filled in here. Returns 0 or a status below. */
static inline int probe_start(struct probe *probe, struct intercell_node_options *node, uint32_t id, uint32_t size)
{
	struct intercell_layout_options layout;
	int status;

	layout.section_size = size;
	layout.max_peers = PROBE_PEERS;
	layout.id = (uint16_t)id;
	layout.peers = INTERCELL_DEFAULT;
	layout.broadcast_bytes = INTERCELL_DEFAULT;
	layout.latest_bytes = INTERCELL_DEFAULT;
	status = intercell_layout_plan(&layout, &node->layout);
	if (status < 0)
		return status;
	node->platform = &probe->platform;
	node->links = probe->links;
	node->scratch = probe->scratch;
	node->scratch_size = sizeof(probe->scratch);
	node->heartbeat_ms = PROBE_HEARTBEAT_MS;
	node->interrupts = true;
	node->on_event = probe_event;
	node->context = probe;
	status = intercell_node_init(&probe->node, node);
	if (status == 0)
		status = intercell_hub_init(&probe->hub, &probe->node, probe->hub_links, probe->remotes, PROBE_REMOTES);
	return status < 0 ? status : intercell_node_start(&probe->node);
}

#endif
