/*
 * The two ends of a relay benchmark, light enough never to be what is measured.
 *
 *   ends sink read|discard listens on 127.0.0.1, prints the port; then, for each connection, one
 *                          after another, "BYTES NANOSECONDS" from the first byte to the end
 *   ends source PORT BYTES connects, sends that many, ends its side, waits for the other's end
 *
 *   ends echo              listens on 127.0.0.1, prints the port; gives back what comes, one
 *                          connection after another
 *   ends trips PORT COUNT  sends 64 bytes and waits for them, so many times, after as many to warm
 *                          up; prints the median round trip in nanoseconds
 *
 * `read` copies what arrives out of the kernel, as any real receiver does; `discard` throws it away
 * in there (MSG_TRUNC, tcp(7)), so that nothing but the relay has work to do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 };
static char chunk[CHUNK];

static void die(const char *what) {
  fprintf(stderr, "ends: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

static int listening(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = loopback(0);
  socklen_t size = sizeof a;
  if (listener < 0 || bind(listener, (struct sockaddr *)&a, size) || listen(listener, 16) ||
      getsockname(listener, (struct sockaddr *)&a, &size))
    die("listen");
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  return listener;
}

static int connected(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in a = loopback(port);
  if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a)) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void echo(void) {
  int listener = listening(), on = 1;
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) die("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ssize_t n;
    while ((n = recv(fd, chunk, CHUNK, 0)) > 0)
      for (ssize_t sent = 0, m; sent < n; sent += m)
        if ((m = send(fd, chunk + sent, n - sent, 0)) < 0) die("send");
    close(fd);
  }
}

static int ascending(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

static void trips(int port, int count) {
  int fd = connected(port);
  long long *took = malloc(count * sizeof *took);
  if (took == NULL) die("malloc");
  for (int i = -count; i < count; i++) {
    long long began = now();
    if (send(fd, chunk, 64, 0) != 64) die("send");
    for (ssize_t got = 0, n; got < 64; got += n)
      if ((n = recv(fd, chunk, 64 - got, 0)) <= 0) die("recv");
    if (i >= 0) took[i] = now() - began;
  }
  qsort(took, count, sizeof *took, ascending);
  printf("%lld\n", took[count / 2]);
  close(fd);
}

static void sink(int flags) {
  int listener = listening();
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) die("accept");
    long long bytes = 0, began = 0;
    ssize_t n;
    while ((n = recv(fd, chunk, CHUNK, flags)) > 0) {
      if (bytes == 0) began = now();
      bytes += n;
    }
    if (n < 0) die("recv");
    printf("%lld %lld\n", bytes, now() - began);
    fflush(stdout);
    close(fd);
  }
}

static void source(int port, long long bytes) {
  int fd = connected(port);
  while (bytes > 0) {
    ssize_t n = send(fd, chunk, bytes < CHUNK ? bytes : CHUNK, 0);
    if (n < 0) die("send");
    bytes -= n;
  }
  if (shutdown(fd, SHUT_WR)) die("shutdown");
  if (recv(fd, chunk, CHUNK, 0) != 0) die("expected the end");
  close(fd);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "sink") == 0)
    sink(strcmp(argv[2], "discard") == 0 ? MSG_TRUNC : 0);
  if (argc == 4 && strcmp(argv[1], "source") == 0) {
    source(atoi(argv[2]), atoll(argv[3]));
    return 0;
  }
  if (argc == 2 && strcmp(argv[1], "echo") == 0) echo();
  if (argc == 4 && strcmp(argv[1], "trips") == 0) {
    trips(atoi(argv[2]), atoi(argv[3]));
    return 0;
  }
  fprintf(stderr, "usage: ends sink read|discard | source PORT BYTES | echo | trips PORT COUNT\n");
  return 2;
}
