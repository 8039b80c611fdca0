// SPDX-License-Identifier: MIT
/*
 * Joins two TAP interfaces in one process, frame by frame: what the kernel
 * allows at most without more than one CPU and without shared memory between.
 * Prints a line when it is ready and runs until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <linux/if_tun.h>

/* Frames from one side before the other has its turn. */
#define BURST	64

static char frame[1 << 17];

static int open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd;

	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
		perror(name);
		return -1;
	}
	return fd;
}

static void forward(int from, int to)
{
	ssize_t length;
	int count;

	for (count = 0; count < BURST; count++) {
		length = read(from, frame, sizeof(frame));
		if (length <= 0)
			return;
		/* A frame that is not taken is lost, as on any cable. */
		if (write(to, frame, length) < 0 && errno == EBADF)
			return;
	}
}

int main(int argc, char **argv)
{
	struct pollfd sides[2];
	int side;

	if (argc != 3) {
		fprintf(stderr, "usage: %s <tap> <tap>\n", argv[0]);
		return 2;
	}
	for (side = 0; side < 2; side++) {
		sides[side].fd = open_tap(argv[1 + side]);
		sides[side].events = POLLIN;
		if (sides[side].fd < 0)
			return 1;
	}
	puts("ready");
	fflush(stdout);
	while (poll(sides, 2, -1) >= 0)
		for (side = 0; side < 2; side++)
			if (sides[side].revents)
				forward(sides[side].fd, sides[1 - side].fd);
	return 1;
}
