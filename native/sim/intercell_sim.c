// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "intercell_sim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../sim_hypervisor.h"

#define HELLO_MAGIC	0x4c484349u	/* "ICHL" */
#define WELCOME_MAGIC	0x4c574349u	/* "ICWL" */
#define WIRE_VERSION	1u
#define KIND_CELL	1u

/* Time that the broker has to answer; it does nothing that takes long. */
#define ANSWER_TIMEOUT_MS	10000

/* Hypervisor page, state table twice, eventfds, R/W, inputs, own output. */
#define MAX_DESCRIPTORS	(3 + 2 * INTERCELL_SIM_MAX_PEERS + 2)

/* Messages with the broker, u32 little-endian; src/sim/wire.ts has the map. */
struct hello {
	uint32_t magic;
	uint32_t version;
	uint32_t kind;
	uint32_t device;
	uint32_t peer;
	uint32_t reserved[3];
};

struct welcome {
	uint32_t magic;
	uint32_t version;
	int32_t error;
	uint32_t device;
	uint32_t peer;
	uint32_t max_peers;
	uint32_t vectors;
	uint32_t protocol;
	uint64_t state_table_bytes;
	uint64_t rw_bytes;
	uint64_t output_bytes;
	uint32_t descriptor_count;
	uint32_t reserved;
};

_Static_assert(sizeof(struct hello) == 32, "hello");
_Static_assert(sizeof(struct welcome) == 64, "welcome");
_Static_assert(offsetof(struct welcome, state_table_bytes) == 32, "welcome");
_Static_assert(INTERCELL_SIM_MAX_PEERS == SIM_HV_MAX_PEERS, "peers");
_Static_assert(INTERCELL_SIM_STATE == SIM_HV_REG_STATE, "registers");
_Static_assert(INTERCELL_SIM_DOORBELL == SIM_HV_REG_DOORBELL, "registers");

struct descriptors {
	int fds[MAX_DESCRIPTORS];
	size_t count;
	size_t next;
};

static int take(struct descriptors *received)
{
	int fd = received->fds[received->next];

	received->fds[received->next++] = -1;
	return fd;
}

static void close_all(struct descriptors *received)
{
	size_t i;

	for (i = 0; i < received->count; i++)
		if (received->fds[i] >= 0)
			close(received->fds[i]);
	received->count = 0;
}

static int connect_machine(const char *machine)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred owner;
	socklen_t size = sizeof(owner);
	int fd, length;

	/* The leading NUL makes the name abstract: it is in no file system. */
	length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			  "intercell/%u/%s", (unsigned int)getuid(), machine);
	if (length < 0 || (size_t)length >= sizeof(address.sun_path) - 1)
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	length += offsetof(struct sockaddr_un, sun_path) + 1;
	if (connect(fd, (struct sockaddr *)&address, length) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &size) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	/* Abstract names are free for all: it must be a machine of ours. */
	if (owner.uid != getuid()) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int receive_welcome(int fd, struct welcome *welcome,
			   struct descriptors *received)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * MAX_DESCRIPTORS)];
	} control;
	struct iovec part = { .iov_base = welcome, .iov_len = sizeof(*welcome) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct cmsghdr *cmsg;
	ssize_t size;
	int polled;

	polled = poll(&ready, 1, ANSWER_TIMEOUT_MS);
	if (polled <= 0)
		return polled ? -errno : -ETIMEDOUT;
	size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	if (size < 0)
		return -errno;
	for (cmsg = CMSG_FIRSTHDR(&message); cmsg;
	     cmsg = CMSG_NXTHDR(&message, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		received->count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(received->fds, CMSG_DATA(cmsg),
		       received->count * sizeof(int));
	}
	/* A refusal goes on with its reason as text, which is cut off here. */
	if (size < (ssize_t)sizeof(*welcome) || (message.msg_flags & MSG_CTRUNC) ||
	    welcome->magic != WELCOME_MAGIC || welcome->version != WIRE_VERSION)
		return -EPROTO;
	return welcome->error;
}

static int check_welcome(const struct welcome *welcome, size_t received)
{
	size_t wanted = 3 + welcome->max_peers;

	if (welcome->max_peers < 1 ||
	    welcome->max_peers > INTERCELL_SIM_MAX_PEERS ||
	    welcome->peer >= welcome->max_peers ||
	    welcome->state_table_bytes < 4 * welcome->max_peers)
		return -EPROTO;
	if (welcome->rw_bytes)
		wanted++;
	if (welcome->output_bytes)
		wanted += welcome->max_peers + 1;
	return received == wanted ? 0 : -EPROTO;
}

static int map(int fd, size_t size, int protection, void *pointer)
{
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
	int err = memory == MAP_FAILED ? -errno : 0;

	close(fd);
	if (!err)
		memcpy(pointer, &memory, sizeof(memory));
	return err;
}

/* Maps in the order of the descriptors; stops at the first failure. */
static int map_all(struct intercell_sim *sim, struct descriptors *received)
{
	const int write = PROT_READ | PROT_WRITE;
	uint32_t i;
	int err;

	err = map(take(received), SIM_HV_PAGE_BYTES, write, &sim->hypervisor);
	if (!err)
		err = sim_hv_check(sim->hypervisor);
	if (!err)
		err = map(take(received), sim->state_table_bytes, write,
			  &sim->hypervisor_states);
	if (!err)
		err = map(take(received), sim->state_table_bytes, PROT_READ,
			  &sim->state_table);
	if (err)
		return err;
	for (i = 0; i < sim->max_peers; i++)
		sim->event_fds[i] = take(received);
	sim->event_fd = sim->event_fds[sim->peer];
	if (sim->rw_bytes)
		err = map(take(received), sim->rw_bytes, write, &sim->rw);
	if (err || !sim->output_bytes)
		return err;
	for (i = 0; i < sim->max_peers && !err; i++)
		err = map(take(received), sim->output_bytes, PROT_READ,
			  &sim->inputs[i]);
	if (!err)
		err = map(take(received), sim->output_bytes, write,
			  &sim->output);
	return err;
}

static void unmap(const volatile void *memory, size_t size)
{
	if (memory)
		munmap((void *)memory, size);
}

static void release(struct intercell_sim *sim)
{
	uint32_t i;

	unmap(sim->hypervisor, SIM_HV_PAGE_BYTES);
	unmap(sim->hypervisor_states, sim->state_table_bytes);
	unmap(sim->state_table, sim->state_table_bytes);
	unmap(sim->rw, sim->rw_bytes);
	unmap(sim->output, sim->output_bytes);
	for (i = 0; i < INTERCELL_SIM_MAX_PEERS; i++) {
		unmap(sim->inputs[i], sim->output_bytes);
		if (sim->event_fds[i] >= 0)
			close(sim->event_fds[i]);
	}
	if (sim->socket_fd >= 0)
		close(sim->socket_fd);
}

static void clear(struct intercell_sim *sim)
{
	uint32_t i;

	memset(sim, 0, sizeof(*sim));
	sim->socket_fd = -1;
	sim->event_fd = -1;
	for (i = 0; i < INTERCELL_SIM_MAX_PEERS; i++)
		sim->event_fds[i] = -1;
}

static int peer_from_environment(void)
{
	const char *text = getenv("INTERCELL_PEER");
	char *end;
	long peer;

	if (!text || !*text)
		return -ENOENT;
	peer = strtol(text, &end, 10);
	if (*end || peer < 0 || peer >= INTERCELL_SIM_MAX_PEERS)
		return -EINVAL;
	return (int)peer;
}

static int join(struct intercell_sim *sim, unsigned int device, int peer)
{
	struct hello hello = {
		.magic = HELLO_MAGIC,
		.version = WIRE_VERSION,
		.kind = KIND_CELL,
		.device = device,
		.peer = (uint32_t)peer,
	};
	struct descriptors received = { .count = 0 };
	struct welcome welcome;
	int err;

	if (send(sim->socket_fd, &hello, sizeof(hello), MSG_NOSIGNAL) < 0)
		return -errno;
	err = receive_welcome(sim->socket_fd, &welcome, &received);
	if (!err)
		err = check_welcome(&welcome, received.count);
	if (!err) {
		sim->peer = welcome.peer;
		sim->max_peers = welcome.max_peers;
		sim->vectors = welcome.vectors;
		sim->protocol = welcome.protocol;
		sim->state_table_bytes = welcome.state_table_bytes;
		sim->rw_bytes = welcome.rw_bytes;
		sim->output_bytes = welcome.output_bytes;
		err = map_all(sim, &received);
	}
	close_all(&received);
	return err;
}

int intercell_sim_open(struct intercell_sim *sim, const char *machine,
		       unsigned int device, int peer)
{
	int err;

	clear(sim);
	if (!machine)
		machine = getenv("INTERCELL_SIM");
	if (!machine || !*machine)
		return -ENOENT;
	if (peer < 0)
		peer = peer_from_environment();
	if (peer < 0)
		return peer;
	sim->socket_fd = connect_machine(machine);
	err = sim->socket_fd < 0 ? sim->socket_fd : join(sim, device, peer);
	if (err) {
		release(sim);
		clear(sim);
	}
	return err;
}

uint32_t intercell_sim_read(struct intercell_sim *sim, uint32_t offset)
{
	return sim_hv_read(sim->hypervisor, sim->hypervisor_states, sim->peer,
			   offset);
}

void intercell_sim_write(struct intercell_sim *sim, uint32_t offset,
			 uint32_t value)
{
	sim_hv_write(sim->hypervisor, sim->hypervisor_states, sim->peer, offset,
		     value, sim->event_fds);
}

int intercell_sim_wait(struct intercell_sim *sim, int timeout_ms)
{
	struct pollfd ready[2] = {
		{ .fd = sim->event_fd, .events = POLLIN },
		{ .fd = sim->socket_fd, .events = POLLIN },
	};
	uint64_t count;
	int polled;

	polled = poll(ready, 2, timeout_ms);
	if (polled <= 0)
		return polled ? -errno : 0;
	/* The broker says nothing after its welcome but that it is over. */
	if (ready[1].revents)
		return -ESHUTDOWN;
	if (read(sim->event_fd, &count, sizeof(count)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return count > INT_MAX ? INT_MAX : (int)count;
}

void intercell_sim_close(struct intercell_sim *sim)
{
	if (!sim->hypervisor)
		return;
	intercell_sim_write(sim, INTERCELL_SIM_STATE, 0);
	release(sim);
	clear(sim);
}
