/* SPDX-License-Identifier: MIT */
/*
 * Round trips of two processes that wake each other by eventfd and wait in epoll: the baseline of round trips by doorbell.
 * Prints one JSON object with the histogram.
 *
 *	cc -O2 bench/c/eventfd_pingpong.c -o eventfd_pingpong
 *	./eventfd_pingpong [round trips [pause before each in microseconds]]
 */
#define _GNU_SOURCE
#include "bench.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARMUP_TRIPS 100u

static struct bench_histogram trips;

static int watch(int event_fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	bench_check(epoll_fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event) == 0, "watch an eventfd");
	return epoll_fd;
}

static void await_ring(int epoll_fd, int event_fd)
{
	struct epoll_event event;
	uint64_t count;

	bench_check(epoll_wait(epoll_fd, &event, 1, -1) == 1, "wait in epoll");
	bench_check(read(event_fd, &count, sizeof(count)) == sizeof(count), "read an eventfd");
}

static void ring(int event_fd)
{
	const uint64_t one = 1;

	bench_check(write(event_fd, &one, sizeof(one)) == sizeof(one), "write an eventfd");
}

static void run_echo(int there_fd, int back_fd)
{
	int epoll_fd = watch(there_fd);

	bench_pin(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		await_ring(epoll_fd, there_fd);
		ring(back_fd);
	}
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 20000u;
	useconds_t pause_us = argc > 2 ? (useconds_t)strtoul(argv[2], NULL, 0) : 0;
	int there_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int back_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int epoll_fd;
	uint64_t trip;
	pid_t child;

	bench_check(there_fd >= 0 && back_fd >= 0, "make the eventfds");
	child = fork();
	bench_check(child >= 0, "fork");
	if (child == 0)
		run_echo(there_fd, back_fd);
	bench_pin(0);
	epoll_fd = watch(back_fd);
	for (trip = 0; trip < WARMUP_TRIPS + count; trip++) {
		uint64_t start;

		if (pause_us != 0)
			usleep(pause_us);
		start = bench_now_ns();
		ring(there_fd);
		await_ring(epoll_fd, back_fd);
		if (trip >= WARMUP_TRIPS)
			bench_histogram_record(&trips, bench_now_ns() - start);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("{ \"histogram\": ");
	bench_histogram_print(&trips);
	printf(" }\n");
	return 0;
}
