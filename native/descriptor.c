// SPDX-License-Identifier: MIT
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

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
	return make_result(env, fd < 0 ? -errno : fd);
}

static napi_value closeDescriptor(napi_env env, napi_callback_info info)
{
	struct call call;
	int fd;

	REQUIRE(call_begin(env, info, &call));
	REQUIRE(get_descriptor(env, call.arguments[0], &fd));
	/* libuv must forget a descriptor before its number can be reused. */
	if (poller_watches(call.addon, fd))
		return make_result(env, -EBUSY);
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
	return make_result(env, fd);
}

static napi_value createEventfd(napi_env env, napi_callback_info info)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	(void)info;
	return make_result(env, fd < 0 ? -errno : fd);
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
