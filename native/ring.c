// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <string.h>

/* Header of a record (docs/wire-protocol.md, section 2). */
#define HEADER_BYTES 16u
#define ALIGN_BYTES 8u

/*
 * Lays records of one kind, channel, message and length one behind the other:
 * writeRecords(section, offset, payloads, first, payloadBytes, count, fields)
 * where @fields is an Int32Array with the header's second word, the sequence
 * of the first record, and the message. The peer sees none of it before the
 * tail is published.
 */
static napi_value writeRecords(napi_env env, napi_callback_info info)
{
	int64_t offset, first, payload_size, count;
	size_t section_size, payloads_size, fields_length;
	unsigned char *record, *payload;
	void *section, *payloads, *fields_data;
	napi_typedarray_type type;
	const uint32_t *fields;
	struct call call;
	size_t stride;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_bytes(env, call.arguments[0], "section", &section,
			  &section_size));
	REQUIRE(get_integer(env, call.arguments[1], "offset", 0, INT32_MAX,
			    &offset));
	REQUIRE(get_bytes(env, call.arguments[2], "payloads", &payloads,
			  &payloads_size));
	REQUIRE(get_integer(env, call.arguments[3], "first", 0, INT32_MAX,
			    &first));
	REQUIRE(get_integer(env, call.arguments[4], "payloadBytes", 1,
			    INT32_MAX, &payload_size));
	REQUIRE(get_integer(env, call.arguments[5], "count", 1, INT32_MAX,
			    &count));
	TRY(env, napi_get_typedarray_info(env, call.arguments[6], &type,
					  &fields_length, &fields_data, NULL,
					  NULL));
	stride = (HEADER_BYTES + (size_t)payload_size + ALIGN_BYTES - 1) &
		 ~(size_t)(ALIGN_BYTES - 1);
	if (type != napi_int32_array || fields_length != 3 ||
	    offset % (int64_t)ALIGN_BYTES != 0 ||
	    (size_t)count > section_size / stride ||
	    (size_t)offset > section_size - (size_t)count * stride ||
	    (size_t)count > payloads_size / (size_t)payload_size ||
	    (size_t)first >
		    payloads_size - (size_t)count * (size_t)payload_size)
		return make_result(env, -EINVAL);
	fields = fields_data;
	record = (unsigned char *)section + offset;
	payload = (unsigned char *)payloads + first;
	for (uint32_t index = 0; index < (uint32_t)count; index++) {
		const uint32_t header[] = {
			HEADER_BYTES + (uint32_t)payload_size,
			fields[0],
			fields[1] + index,
			fields[2],
		};

		memcpy(record, header, sizeof(header));
		memcpy(record + HEADER_BYTES, payload, (size_t)payload_size);
		record += stride;
		payload += payload_size;
	}
	return make_result(env, 0);
}

napi_status ring_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(writeRecords),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
