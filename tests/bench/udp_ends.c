/*
 * The ends of a UDP benchmark.
 *
 *   udp_ends echo               a recvfrom/sendto loop on 127.0.0.1; prints its port
 *   udp_ends load PORT MS same  from one socket, 64 packets under way; prints "ECHOED LOST NS"
 *   udp_ends load PORT MS fresh each packet from a socket of its own, 16 under way
 *
 * A packet whose echo has not come after a quarter of a second counts as lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, WINDOW = 64, FRESH = 16, PATIENCE_MS = 250 };
static char packet[65536];

static void die(const char *what) {
  fprintf(stderr, "udp_ends: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int opened(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0) die("connect");
  return fd;
}

static void echo(void) {
  struct sockaddr_in a = {.sin_family = AF_INET};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  socklen_t length = sizeof a;
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, length) < 0) die("bind");
  if (getsockname(fd, (struct sockaddr *)&a, &length) < 0) die("getsockname");
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  for (;;) {
    length = sizeof a;
    ssize_t n = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&a, &length);
    if (n >= 0) sendto(fd, packet, n, 0, (struct sockaddr *)&a, length);
  }
}

static void load_same(int port, long long end, long *echoed, long *lost) {
  int fd = opened(port);
  long under_way = 0;
  while (now() < end) {
    for (; under_way < WINDOW; under_way++)
      if (send(fd, packet, SIZE, 0) != SIZE) break;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, PATIENCE_MS) == 0) {
      *lost += under_way;
      under_way = 0;
      continue;
    }
    while (recv(fd, packet, sizeof packet, MSG_DONTWAIT) >= 0) {
      ++*echoed;
      --under_way;
    }
  }
}

static void load_fresh(int port, long long end, long *echoed, long *lost) {
  struct pollfd waits[FRESH];
  long long sent_at[FRESH] = {0};
  for (int i = 0; i < FRESH; i++) waits[i] = (struct pollfd){.fd = -1, .events = POLLIN};
  while (now() < end) {
    for (int i = 0; i < FRESH; i++) {
      if (waits[i].fd >= 0) continue;
      waits[i].fd = opened(port);
      sent_at[i] = now();
      if (send(waits[i].fd, packet, SIZE, 0) != SIZE) die("send");
    }
    poll(waits, FRESH, PATIENCE_MS);
    for (int i = 0; i < FRESH; i++) {
      int came = recv(waits[i].fd, packet, sizeof packet, MSG_DONTWAIT) >= 0;
      int late = now() - sent_at[i] > PATIENCE_MS * 1000000LL;
      if (!came && !late) continue;
      ++*(came ? echoed : lost);
      close(waits[i].fd);
      waits[i].fd = -1;
    }
  }
}

int main(int count, char **words) {
  if (count == 2 && strcmp(words[1], "echo") == 0) echo();
  if (count != 5 || strcmp(words[1], "load") != 0) return 2;
  long echoed = 0, lost = 0;
  long long start = now(), end = start + atoll(words[3]) * 1000000LL;
  int fresh = strcmp(words[4], "fresh") == 0;
  (fresh ? load_fresh : load_same)(atoi(words[2]), end, &echoed, &lost);
  printf("%ld %ld %lld\n", echoed, lost, now() - start);
  return 0;
}
