/* SPDX-License-Identifier: MIT */
/*
 * flood <interface> <frames>: sends numbered frames of 8 bytes as fast as the kernel takes them, 64 to a sendmmsg(), and
 * prints in how many milliseconds. What it takes is the kernel's own time: no sender is faster.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/can.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH	64

static struct can_frame frames[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static int open_bus(const char *name)
{
	struct sockaddr_can address = { .can_family = AF_CAN };
	int fd = socket(PF_CAN, SOCK_RAW, CAN_RAW);

	address.can_ifindex = if_nametoindex(name);
	if (fd < 0 || !address.can_ifindex ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	unsigned long total = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long sent = 0;
	unsigned int index, count;
	double begin;
	int fd, result;

	fd = argc == 3 ? open_bus(argv[1]) : -1;
	if (fd < 0) {
		perror("flood <interface> <frames>");
		return 1;
	}
	for (index = 0; index < BATCH; index++) {
		frames[index].can_id = 0x100;
		frames[index].len = 8;
		parts[index].iov_base = &frames[index];
		parts[index].iov_len = sizeof(frames[index]);
		messages[index].msg_hdr.msg_iov = &parts[index];
		messages[index].msg_hdr.msg_iovlen = 1;
	}
	begin = now_ms();
	while (sent < total) {
		count = total - sent < BATCH ? total - sent : BATCH;
		for (index = 0; index < count; index++) {
			unsigned long number = sent + index;

			memcpy(frames[index].data, &number, sizeof(number));
		}
		result = sendmmsg(fd, messages, count, 0);
		if (result > 0)
			sent += result;
		else if (errno == ENOBUFS)
			poll(NULL, 0, 1);
		else if (errno != EINTR)
			break;
	}
	if (sent < total) {
		perror("sendmmsg");
		return 1;
	}
	printf("{\"ms\": %.3f}\n", now_ms() - begin);
	return 0;
}
