// SPDX-License-Identifier: MIT
/*
 * One call into C for a run of records, as native/ring.c has it. writeRun(ring, offset, payloads, size, count,
 * sequence) lays @count records with payloads of @size bytes into the ring, headers as in section 2 of
 * docs/wire-protocol.md, and returns the offset behind them.
 */
#define NAPI_VERSION 8

#include <node_api.h>
#include <stdint.h>
#include <string.h>

#define HEADER_BYTES 16u
#define ARGUMENTS 6

static napi_value fail(napi_env env, const char *message)
{
	napi_throw_type_error(env, NULL, message);
	return NULL;
}

static napi_value write_run(napi_env env, napi_callback_info info)
{
	napi_value arguments[ARGUMENTS], result;
	size_t count = ARGUMENTS, ring_size, payloads_size;
	void *ring_data, *payloads_data;
	uint32_t numbers[ARGUMENTS] = { 0 };
	uint32_t stride;
	unsigned char *record;
	const unsigned char *payload;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count < ARGUMENTS)
		return fail(env, "wanted 6 arguments");
	if (napi_get_typedarray_info(env, arguments[0], NULL, &ring_size, &ring_data, NULL, NULL) != napi_ok ||
	    napi_get_typedarray_info(env, arguments[2], NULL, &payloads_size, &payloads_data, NULL, NULL) != napi_ok)
		return fail(env, "wanted two Uint8Arrays");
	for (int i = 0; i < ARGUMENTS; i++)
		if (i != 0 && i != 2 && napi_get_value_uint32(env, arguments[i], &numbers[i]) != napi_ok)
			return fail(env, "wanted numbers");
	stride = (HEADER_BYTES + numbers[3] + 7u) & ~7u;
	if ((uint64_t)numbers[1] + (uint64_t)stride * numbers[4] > ring_size ||
	    (uint64_t)numbers[3] * numbers[4] > payloads_size)
		return fail(env, "wanted a run inside the ring");
	record = (unsigned char *)ring_data + numbers[1];
	payload = payloads_data;
	for (uint32_t i = 0; i < numbers[4]; i++, record += stride, payload += numbers[3]) {
		uint32_t header[] = { HEADER_BYTES + numbers[3], 1, numbers[5] + i, 0 };

		memcpy(record, header, sizeof(header));
		memcpy(record + HEADER_BYTES, payload, numbers[3]);
	}
	if (napi_create_uint32(env, numbers[1] + stride * numbers[4], &result) != napi_ok)
		return fail(env, "cannot return a number");
	return result;
}

NAPI_MODULE_INIT()
{
	napi_value function;

	if (napi_create_function(env, "writeRun", NAPI_AUTO_LENGTH, write_run, NULL, &function) != napi_ok ||
	    napi_set_named_property(env, exports, "writeRun", function) != napi_ok)
		return NULL;
	return exports;
}
