/* SPDX-License-Identifier: MIT */
/*
 * Two cells that speak the protocol "everything" by its generated header: what goes over the wire is printed in
 * hexadecimal, for TypeScript to decode, and what TypeScript encoded is read from the standard input and printed.
 */
#include "world.h"
#include "everything.h"

static struct intercell_channel channels[2];
static struct everything_handlers handlers[2];
static unsigned counts[8];
static unsigned notices[4];
static int hold;
static uint32_t counter_sum;

static void print_hex(const char *what, const void *data, uint32_t length)
{
	uint32_t i;

	printf("%s ", what);
	for (i = 0; i < length; i++)
		printf("%02x", ((const unsigned char *)data)[i]);
	printf("\n");
}

static void print_text(const char *what, const char *data, uint32_t length)
{
	printf("%s \"%.*s\"\n", what, (int)length, data);
}

static void print_label(const char *what, const struct everything_label *label)
{
	printf("%s.kind %u\n", what, label->kind);
	print_text(what, label->text.data, label->text.length);
}

/* One line for each field, whose names and forms the test knows. */
static void print_everything(const struct everything_everything *value)
{
	unsigned i;

	printf("%u %d %u %u %llu\n", value->tiny, value->flag, value->half, value->word, (unsigned long long)value->wide);
	printf("%d %d %d %lld\n", value->signed_tiny, value->signed_short, value->signed_word, (long long)value->signed_long);
	printf("%llu %lld\n", (unsigned long long)value->count_ns, (long long)value->offset_ns);
	print_hex("ratio", &value->ratio, sizeof(value->ratio));
	print_hex("precise", &value->precise, sizeof(value->precise));
	printf("%u %d %u\n", value->mode, value->level, value->flags);
	printf("%u %u %u\n", value->modes[0], value->modes[1], value->modes[2]);
	for (i = 0; i < 3; i++)
		printf("%d %d\n", value->bits[i][0], value->bits[i][1]);
	printf("%d %d %d\n", value->samples[0], value->samples[1], value->samples[2]);
	printf("%u %u %u\n", value->raw[0], value->raw[1], value->raw[2]);
	print_text("name", value->name, sizeof(value->name));
	for (i = 0; i < 2; i++)
		print_text("names", value->names[i], sizeof(value->names[i]));
	print_text("note", value->note.data, value->note.length);
	print_hex("blob", value->blob.data, value->blob.length);
	for (i = 0; i < 2; i++)
		print_hex("blobs", value->blobs[i].data, value->blobs[i].length);
	print_label("label", &value->label);
	for (i = 0; i < 2; i++) {
		printf("%d %d\n", value->points[i].x, value->points[i].visible);
		print_hex("y", &value->points[i].y, sizeof(value->points[i].y));
	}
	for (i = 0; i < 4; i++)
		print_label("grid", &value->grid[i / 2][i % 2]);
}

static void set_label(struct everything_label *label, uint8_t kind, const char *text)
{
	label->kind = kind;
	label->text.length = (uint16_t)strlen(text);
	memcpy(label->text.data, text, label->text.length);
}

/* Every byte that is no value is left at 0xaa, so that it shows if it is sent. */
static void fill_everything(struct everything_everything *value)
{
	unsigned i;

	memset(value, 0xaa, sizeof(*value));
	value->tiny = 255;
	value->flag = true;
	value->half = 65535;
	value->word = 4294967295u;
	value->wide = UINT64_MAX;
	value->signed_tiny = INT8_MIN;
	value->signed_short = INT16_MIN;
	value->signed_word = INT32_MIN;
	value->signed_long = INT64_MIN;
	value->count_ns = 9007199254740991u;
	value->offset_ns = -9007199254740991;
	value->ratio = 1.5f;
	value->precise = -0.1;
	value->mode = EVERYTHING_MODE_RUN_FAST;
	value->level = EVERYTHING_LEVEL_LOWEST;
	value->flags = EVERYTHING_FLAG_ALL;
	for (i = 0; i < 3; i++) {
		value->modes[i] = i == 1 ? EVERYTHING_MODE_CLASS : EVERYTHING_MODE_IDLE;
		value->bits[i][0] = i == 1;
		value->bits[i][1] = i != 1;
		value->samples[i] = (int16_t)(i * 100 - 100);
		value->raw[i] = (uint8_t)(i + 1);
	}
	memcpy(value->name, "seven77", 7);
	memcpy(value->names[0], "ab", 3);
	memcpy(value->names[1], "", 1);
	value->note.length = 4;
	memcpy(value->note.data, "gr\xc3\xbc", 4);
	value->blob.length = 0;
	value->blobs[0].length = 3;
	memcpy(value->blobs[0].data, "\1\2\3", 3);
	value->blobs[1].length = 1;
	value->blobs[1].data[0] = 9;
	set_label(&value->label, EVERYTHING_MODE_CLASS, "label");
	for (i = 0; i < 2; i++) {
		value->points[i].x = (int16_t)(i + 1);
		value->points[i].visible = i == 1;
		value->points[i].y = 0.5 * i;
	}
	for (i = 0; i < 4; i++)
		set_label(&value->grid[i / 2][i % 2], EVERYTHING_MODE_IDLE, i == 3 ? "" : "g");
}

static void fill_log(struct everything_log *value, const char *text)
{
	memset(value, 0xaa, sizeof(*value));
	value->at_ns = 7;
	value->severity = EVERYTHING_MODE_CLASS;
	value->text.length = (uint16_t)strlen(text);
	memcpy(value->text.data, text, strlen(text));
}

static int on_everything(struct intercell_channel *channel, const struct intercell_message *message,
			 const struct everything_everything *value)
{
	CHECK(everything_handlers_of(channel)->context == &counts[0] && value == message->data);
	if (hold > 0) {
		hold--;
		return INTERCELL_HOLD;
	}
	counts[0]++;
	print_hex("everything", message->data, message->length);
	return INTERCELL_OK;
}

static int on_log(struct intercell_channel *channel, const struct intercell_message *message,
		  const struct everything_log *value)
{
	(void)channel;
	CHECK_EQUAL(message->length, everything_length_log(value));
	counts[1]++;
	print_hex("log", message->data, message->length);
	return INTERCELL_OK;
}

static int on_counter(struct intercell_channel *channel, const struct intercell_message *message,
		      const struct everything_counter *value)
{
	(void)channel;
	(void)message;
	counter_sum += value->value;
	return INTERCELL_OK;
}

static int on_ping(struct intercell_channel *channel, const struct intercell_message *message)
{
	(void)channel;
	CHECK_EQUAL(message->length, 0);
	counts[2]++;
	return INTERCELL_OK;
}

static int on_alarm(struct intercell_channel *channel, const struct intercell_message *message,
		    const struct everything_log *value)
{
	(void)channel;
	CHECK(message->broadcast && value->text.length == 4);
	counts[3]++;
	print_hex("alarm", message->data, message->length);
	return INTERCELL_OK;
}

static int on_request_echo(struct intercell_channel *channel, const struct intercell_request *request,
			   const struct everything_everything *value)
{
	return everything_reply_echo(channel, request, value) == INTERCELL_ENOBUFS ? INTERCELL_HOLD : INTERCELL_OK;
}

static int on_request_add(struct intercell_channel *channel, const struct intercell_request *request,
			  const struct everything_counter *value)
{
	char text[] = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
		      "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"
		      "\xc3\xbc";
	struct everything_counter sum = { value->value + 1 };

	if (value->value == 13)
		return everything_fail(channel, request, "unlucky");
	if (value->value == 14)
		return everything_fail(channel, request, text);
	return everything_reply_add(channel, request, &sum);
}

static int on_request_reset(struct intercell_channel *channel, const struct intercell_request *request)
{
	return everything_reply_reset(channel, request);
}

static int call_status;
static uint32_t call_value;
static char call_text[256];

static void on_added(struct everything_add_call *call, int status, const struct everything_counter *reply,
		     const struct intercell_message *message)
{
	CHECK(call->context == &counts[1]);
	call_status = status;
	call_value = reply ? reply->value : 0;
	memset(call_text, 0, sizeof(call_text));
	if (status == INTERCELL_EREMOTEIO) {
		call_value = message->number;
		memcpy(call_text, message->data, message->length);
	}
}

static void on_echoed(struct everything_echo_call *call, int status, const struct everything_everything *reply,
		      const struct intercell_message *message)
{
	(void)call;
	CHECK_EQUAL(status, INTERCELL_OK);
	CHECK(reply == message->data);
	print_hex("echo", message->data, message->length);
}

static void on_reset(struct everything_reset_call *call, int status, const struct intercell_message *message)
{
	(void)call;
	call_status = status;
	CHECK(status != INTERCELL_OK || message->length == 0);
}

static void on_told(struct everything_tell_call *call, int status, const struct everything_log *reply,
		    const struct intercell_message *message)
{
	(void)call;
	CHECK(!reply);
	call_status = status;
	call_value = status == INTERCELL_EREMOTEIO ? message->number : 0;
}

static void on_notice(struct intercell_channel *channel, struct intercell_link *link, enum intercell_notice notice,
		      const struct intercell_remote *remote)
{
	(void)channel;
	(void)link;
	(void)remote;
	notices[notice]++;
}

static void start(void)
{
	unsigned id;

	memset(channels, 0, sizeof(channels));
	memset(handlers, 0, sizeof(handlers));
	world_start(2);
	handlers[1].on_everything = on_everything;
	handlers[1].on_log = on_log;
	handlers[1].on_counter = on_counter;
	handlers[1].on_ping = on_ping;
	handlers[1].on_alarm = on_alarm;
	handlers[1].on_request_echo = on_request_echo;
	handlers[1].on_request_add = on_request_add;
	handlers[1].on_request_reset = on_request_reset;
	handlers[1].noticed = on_notice;
	handlers[1].context = &counts[0];
	for (id = 0; id < 2; id++)
		CHECK_EQUAL(everything_open(&cells[id].hub, &channels[id], "all", &handlers[id]), 0);
	world_settle();
	CHECK_EQUAL(notices[INTERCELL_NOTICE_MATCHED], 1);
	CHECK_EQUAL(intercell_channel_slot(&channels[0], 4), EVERYTHING_LATEST_BYTES);
}

static void send_messages(void)
{
	struct everything_everything value, *place;
	struct everything_counter counter = { 3 }, *counter_place;
	struct everything_log log, *log_place;
	struct everything_chunk *chunk;

	fill_everything(&value);
	hold = 2;
	CHECK_EQUAL(everything_send_everything(&channels[0], 1, &value), 0);
	world_settle();
	CHECK_EQUAL(everything_reserve_everything(&channels[0], 1, &place), 0);
	fill_everything(place);
	CHECK_EQUAL(everything_commit_everything(&channels[0], 1, place), 0);
	world_settle();
	CHECK_EQUAL(counts[0], 2);

	fill_log(&log, "hello");
	CHECK_EQUAL(everything_queue_log(&channels[0], 1, &log), 0);
	fill_log(&log, "");
	CHECK_EQUAL(everything_send_log(&channels[0], 1, &log), 0);
	CHECK_EQUAL(everything_reserve_log(&channels[0], 1, 41, &log_place), INTERCELL_EINVAL);
	CHECK_EQUAL(everything_reserve_log(&channels[0], 1, 9, &log_place), 0);
	log_place->at_ns = 7;
	log_place->severity = EVERYTHING_MODE_CLASS;
	log_place->text.length = 10;
	CHECK_EQUAL(everything_commit_log(&channels[0], 1, 9, log_place), INTERCELL_EINVAL);
	log_place->text.length = 2;
	memcpy(log_place->text.data, "in", 2);
	CHECK_EQUAL(everything_commit_log(&channels[0], 1, 9, log_place), 0);
	world_settle();
	CHECK_EQUAL(counts[1], 3);

	CHECK_EQUAL(everything_send_counter(&channels[0], 1, &counter), 0);
	CHECK_EQUAL(everything_reserve_counter(&channels[0], 1, &counter_place), 0);
	counter_place->value = 4;
	CHECK_EQUAL(everything_commit_counter(&channels[0], 1, counter_place), 0);
	CHECK_EQUAL(everything_send_ping(&channels[0], 1), 0);
	CHECK_EQUAL(everything_reserve_chunk(&channels[0], 1, 70000, &chunk), INTERCELL_EMSGSIZE);
	world_settle();
	CHECK_EQUAL(counter_sum, 7);
	CHECK_EQUAL(counts[2], 1);
}

static void refuse_wrong_values(void)
{
	struct everything_everything value;
	struct everything_log log;
	unsigned char two = 2;

	fill_everything(&value);
	value.mode = 2;
	CHECK_EQUAL(everything_send_everything(&channels[0], 1, &value), INTERCELL_EINVAL);
	fill_everything(&value);
	memcpy(&value.bits[2][1], &two, 1);
	CHECK_EQUAL(everything_send_everything(&channels[0], 1, &value), INTERCELL_EINVAL);
	fill_everything(&value);
	value.blobs[1].length = 4;
	CHECK_EQUAL(everything_publish_state(&channels[0], &value), INTERCELL_EINVAL);
	fill_everything(&value);
	value.name[0] = '\xff';
	CHECK_EQUAL(everything_publish_state(&channels[0], &value), INTERCELL_EINVAL);
	fill_everything(&value);
	value.grid[1][1].kind = 8;
	CHECK_EQUAL(everything_publish_state(&channels[0], &value), INTERCELL_EINVAL);
	fill_log(&log, "alas");
	log.text.length = 41;
	CHECK_EQUAL(everything_broadcast_alarm(&channels[0], &log), INTERCELL_EINVAL);
	CHECK_EQUAL(everything_send_log(&channels[0], 1, &log), INTERCELL_EINVAL);
	world_settle();
	CHECK_EQUAL(counts[0] + counts[1] + counts[3], 5);
}

static void count_what_nobody_takes(void)
{
	struct everything_log log;
	struct everything_counter counter = { 1 };
	uint32_t ignored = cells[1].links[0].statistics.ignored;
	uint32_t undecodable = channels[1].undecodable;

	CHECK_EQUAL(everything_broadcast_tick(&channels[0], &counter), 0);
	CHECK_EQUAL(everything_broadcast_hello(&channels[0]), 0);
	world_settle();
	CHECK_EQUAL(cells[1].links[0].statistics.ignored, ignored + 2);
	CHECK_EQUAL(channels[1].undecodable, undecodable);
	fill_log(&log, "x");
	log.severity = 99;
	CHECK_EQUAL(intercell_channel_send(&channels[0], 1, EVERYTHING_MESSAGE_LOG, &log, 13), 0);
	log.severity = 0;
	CHECK_EQUAL(intercell_channel_send(&channels[0], 1, EVERYTHING_MESSAGE_LOG, &log, 12), 0);
	CHECK_EQUAL(intercell_channel_send(&channels[0], 1, EVERYTHING_BROADCAST_ALARM, &log, 13), 0);
	CHECK_EQUAL(intercell_channel_broadcast(&channels[0], EVERYTHING_MESSAGE_LOG, &log, 13), 0);
	world_settle();
	CHECK_EQUAL(channels[1].undecodable, undecodable + 4);
	CHECK_EQUAL(notices[INTERCELL_NOTICE_UNDECODABLE], 4);
	CHECK_EQUAL(counts[1], 3);
}

static void broadcast_and_publish(void)
{
	static union everything_state_latest state;
	static union everything_last_latest last;
	static union everything_count_latest count;
	struct everything_everything value;
	struct everything_counter counter = { 5 };
	struct everything_log log;
	unsigned i;

	fill_log(&log, "fire");
	CHECK_EQUAL(everything_broadcast_alarm(&channels[0], &log), 0);
	world_settle();
	CHECK_EQUAL(counts[3], 1);
	CHECK_EQUAL(everything_read_state(&channels[1], 0, &state), INTERCELL_ENOENT);
	CHECK_EQUAL(everything_read_seen(&channels[1], 0), INTERCELL_ENOENT);
	fill_everything(&value);
	CHECK_EQUAL(everything_publish_state(&channels[0], &value), 0);
	CHECK_EQUAL(everything_publish_last(&channels[0], &log), 0);
	CHECK_EQUAL(everything_publish_count(&channels[0], &counter), 0);
	CHECK_EQUAL(everything_publish_seen(&channels[0]), 0);
	CHECK_EQUAL(everything_read_state(&channels[1], 0, &state), 0);
	print_hex("state", &state.value, sizeof(state.value));
	memset(&last, 0x55, sizeof(last));
	CHECK_EQUAL(everything_read_last(&channels[1], 0, &last), 0);
	print_hex("last", &last.value, everything_length_log(&last.value));
	for (i = everything_length_log(&last.value); i < sizeof(last); i++)
		CHECK_EQUAL(((unsigned char *)&last)[i], 0);
	CHECK_EQUAL(everything_read_count(&channels[1], 0, &count), 0);
	CHECK_EQUAL(count.value.value, 5);
	CHECK_EQUAL(everything_read_seen(&channels[1], 0), 0);
	log.severity = 3;
	CHECK_EQUAL(intercell_latest_publish(&channels[0], EVERYTHING_TOPIC_LAST, &log, 16), 0);
	CHECK_EQUAL(everything_read_last(&channels[1], 0, &last), INTERCELL_EPROTO);
}

static void request_and_reply(void)
{
	static struct everything_echo_call echo;
	static struct everything_add_call add;
	static struct everything_reset_call reset;
	static struct everything_tell_call tell;
	struct everything_everything value;
	struct everything_counter counter = { 41 };
	struct everything_log log;

	echo.done = on_echoed;
	add.done = on_added;
	add.context = &counts[1];
	reset.done = on_reset;
	tell.done = on_told;
	fill_everything(&value);
	CHECK_EQUAL(everything_request_echo(&channels[0], 1, &value, &echo, 0), 0);
	CHECK_EQUAL(everything_request_add(&channels[0], 1, &counter, &add, 100), 0);
	world_settle();
	CHECK_EQUAL(call_status, INTERCELL_OK);
	CHECK_EQUAL(call_value, 42);
	counter.value = 13;
	CHECK_EQUAL(everything_request_add(&channels[0], 1, &counter, &add, 100), 0);
	world_settle();
	CHECK_EQUAL(call_status, INTERCELL_EREMOTEIO);
	CHECK_EQUAL(call_value, INTERCELL_ERROR_FAILED);
	CHECK(strcmp(call_text, "unlucky") == 0);
	counter.value = 14;
	CHECK_EQUAL(everything_request_add(&channels[0], 1, &counter, &add, 100), 0);
	world_settle();
	CHECK_EQUAL(strlen(call_text), 199);
	CHECK_EQUAL(everything_request_reset(&channels[0], 1, &reset, 0), 0);
	world_settle();
	CHECK_EQUAL(call_status, INTERCELL_OK);
	fill_log(&log, "");
	CHECK_EQUAL(everything_request_tell(&channels[0], 1, &log, &tell, 0), 0);
	world_settle();
	CHECK_EQUAL(call_status, INTERCELL_EREMOTEIO);
	CHECK_EQUAL(call_value, INTERCELL_ERROR_NO_HANDLER);
	log.severity = 99;
	CHECK_EQUAL(everything_request_tell(&channels[0], 1, &log, &tell, 0), INTERCELL_EINVAL);
	add.pending.done = everything_finish_add;
	add.pending.context = &add;
	CHECK_EQUAL(intercell_channel_request(&channels[0], 1, EVERYTHING_REQUEST_ADD, "12345", 5, &add.pending, 0), 0);
	world_settle();
	CHECK_EQUAL(call_status, INTERCELL_EREMOTEIO);
	CHECK_EQUAL(call_value, INTERCELL_ERROR_UNDECODABLE);
}

/* Reads messages in hexadecimal, one to a line, and prints what they hold. */
static void print_input(void)
{
	static _Alignas(8) unsigned char bytes[sizeof(struct everything_everything)];
	const struct everything_everything *value;
	unsigned byte;
	uint32_t length;

	while (scanf("%2x", &byte) == 1) {
		bytes[0] = (unsigned char)byte;
		for (length = 1; length < sizeof(bytes) && scanf("%2x", &byte) == 1; length++)
			bytes[length] = (unsigned char)byte;
		value = everything_decode_everything(bytes, length);
		CHECK(value);
		printf("input\n");
		print_everything(value);
	}
}

int main(void)
{
	start();
	send_messages();
	refuse_wrong_values();
	broadcast_and_publish();
	count_what_nobody_takes();
	request_and_reply();
	print_input();
	return 0;
}
