// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <unistd.h>

/* One entry for each frame of a batch: where it lies, and how long it is. */
struct slot {
	uint32_t offset;
	uint32_t length;
};

/* A batch of frames in memory of JavaScript. */
struct frames {
	uint8_t *bytes;
	size_t size;
	struct slot *slots;
	size_t count;
};

/* Frames begin on multiples of this, as in FrameBatch. */
#define FRAME_ALIGN	16u

static bool get_typed_array(napi_env env, napi_value value, const char *name,
			    napi_typedarray_type wanted, void **data,
			    size_t *length)
{
	napi_typedarray_type type;
	bool is_typed = false;

	if (napi_is_typedarray(env, value, &is_typed) != napi_ok || !is_typed ||
	    napi_get_typedarray_info(env, value, &type, length, data, NULL,
				     NULL) != napi_ok ||
	    type != wanted) {
		napi_throw_type_error(env, NULL, name);
		return false;
	}
	return true;
}

/* Takes the bytes and the slots of a batch from two arguments. */
static bool get_frames(napi_env env, const napi_value *arguments,
		       struct frames *frames)
{
	void *bytes, *slots;
	size_t words;

	if (!get_typed_array(env, arguments[0], "bytes must be a Uint8Array",
			     napi_uint8_array, &bytes, &frames->size) ||
	    !get_typed_array(env, arguments[1], "slots must be a Uint32Array",
			     napi_uint32_array, &slots, &words))
		return false;
	frames->bytes = bytes;
	frames->slots = slots;
	frames->count = words / 2;
	return true;
}

/*
 * Reads frames until none is left or the batch is full. Returns their number,
 * or -errno if the first could not be read.
 */
static int64_t read_frames(int fd, const struct frames *frames, size_t longest)
{
	size_t used = 0, count = 0;
	ssize_t length;

	while (count < frames->count && frames->size - used >= longest) {
		length = read(fd, frames->bytes + used, longest);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && count == 0)
			return errno == EAGAIN ? 0 : -errno;
		if (length <= 0)
			break;
		frames->slots[count].offset = (uint32_t)used;
		frames->slots[count].length = (uint32_t)length;
		count++;
		used += ((size_t)length + FRAME_ALIGN - 1) & ~(FRAME_ALIGN - 1);
		if (used > frames->size)
			break;
	}
	return (int64_t)count;
}

static napi_value readFrames(napi_env env, napi_callback_info info)
{
	struct frames frames;
	struct call call;
	int64_t longest;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_frames(env, &call.arguments[1], &frames));
	REQUIRE(get_integer(env, call.arguments[3], "maxFrameBytes", 14,
			    1 << 20, &longest));
	return make_result(env, read_frames(fd, &frames, (size_t)longest));
}

/* Writes each frame once. Returns how many the kernel took, or -EBADF. */
static int64_t write_frames(int fd, const struct frames *frames, size_t count)
{
	const struct slot *slot;
	int64_t taken = 0;
	ssize_t written;

	for (slot = frames->slots; slot < frames->slots + count; slot++) {
		if (slot->offset > frames->size ||
		    slot->length > frames->size - slot->offset)
			return -EFAULT;
		do {
			written = write(fd, frames->bytes + slot->offset,
					slot->length);
		} while (written < 0 && errno == EINTR);
		if (written < 0 && (errno == EBADF || errno == EBADFD))
			return -errno;
		taken += written >= 0;
	}
	return taken;
}

static napi_value writeFrames(napi_env env, napi_callback_info info)
{
	struct frames frames;
	struct call call;
	int64_t count;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	REQUIRE(get_frames(env, &call.arguments[1], &frames));
	REQUIRE(get_integer(env, call.arguments[3], "count", 0,
			    (int64_t)frames.count, &count));
	return make_result(env, write_frames(fd, &frames, (size_t)count));
}

napi_status frames_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(readFrames),
		EXPORT(writeFrames),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
