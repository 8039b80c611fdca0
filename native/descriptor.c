// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* Descriptors are small: the kernel hands out the lowest that is free. */
#define OWNED_STEP	64

int descriptor_own(struct addon *addon, int fd)
{
	size_t length = addon->owned_length;
	bool *owned;

	if (fd < 0)
		return fd;
	if ((size_t)fd >= length) {
		length = ((size_t)fd / OWNED_STEP + 1) * OWNED_STEP;
		owned = realloc(addon->owned, length * sizeof(*owned));
		if (!owned) {
			close(fd);
			return -ENOMEM;
		}
		memset(owned + addon->owned_length, 0,
		       (length - addon->owned_length) * sizeof(*owned));
		addon->owned = owned;
		addon->owned_length = length;
	}
	addon->owned[fd] = true;
	return fd;
}

static void descriptor_disown(struct addon *addon, int fd)
{
	if ((size_t)fd < addon->owned_length)
		addon->owned[fd] = false;
}

void descriptor_close_all(struct addon *addon)
{
	size_t fd;

	for (fd = 0; fd < addon->owned_length; fd++)
		if (addon->owned[fd])
			close((int)fd);
	free(addon->owned);
	addon->owned = NULL;
	addon->owned_length = 0;
}

static napi_value make_descriptor(napi_env env, struct addon *addon, int fd)
{
	return make_result(env, descriptor_own(addon, fd));
}

static napi_value openDescriptor(napi_env env, napi_callback_info info)
{
	char path[PATH_MAX];
	struct call call;
	int64_t flags;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_name(env, call.arguments[0], "path", path, sizeof(path)));
	REQUIRE(get_integer(env, call.arguments[1], "flags", 0, INT_MAX,
			    &flags));
	do {
		fd = open(path, (int)flags | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EINTR);
	return make_descriptor(env, call.addon, fd < 0 ? -errno : fd);
}

static napi_value closeDescriptor(napi_env env, napi_callback_info info)
{
	struct call call;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	/* libuv must forget a descriptor before its number can be reused. */
	if (poller_watches(call.addon, fd) ||
	    can_receiver_watches(call.addon, fd))
		return make_result(env, -EBUSY);
	descriptor_disown(call.addon, fd);
	/* Linux has freed the number even if it reports EINTR. */
	if (close(fd) < 0 && errno != EINTR)
		return make_result(env, -errno);
	return make_result(env, 0);
}

static napi_value createMemfd(napi_env env, napi_callback_info info)
{
	/* The kernel's limit on a memfd's name, with the NUL: 250 */
	char name[250];
	struct call call;
	int64_t size;
	int fd, error;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_name(env, call.arguments[0], "name", name, sizeof(name)));
	REQUIRE(get_integer(env, call.arguments[1], "sizeBytes", 1, UINT32_MAX,
			    &size));
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return make_result(env, -errno);
	if (ftruncate(fd, size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
		error = -errno;
		close(fd);
		return make_result(env, error);
	}
	return make_descriptor(env, call.addon, fd);
}

static napi_value createEventfd(napi_env env, napi_callback_info info)
{
	struct call call;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return make_descriptor(env, call.addon, fd < 0 ? -errno : fd);
}

static napi_value writeEventfd(napi_env env, napi_callback_info info)
{
	const uint64_t one = 1;
	struct call call;
	ssize_t written;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	do {
		written = write(fd, &one, sizeof(one));
	} while (written < 0 && errno == EINTR);
	return make_result(env, written < 0 ? -errno : 0);
}

napi_status descriptor_export(napi_env env, napi_value exports)
{
	const napi_property_descriptor functions[] = {
		EXPORT(openDescriptor),
		EXPORT(closeDescriptor),
		EXPORT(createMemfd),
		EXPORT(createEventfd),
		EXPORT(writeEventfd),
	};

	return napi_define_properties(env, exports,
				      sizeof(functions) / sizeof(*functions),
				      functions);
}
