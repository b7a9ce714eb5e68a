/*
 * The client of the SNMP benchmark, cheaper than any server: sends datagrams that were made before, so many in flight, and counts answers.
 * client PORT WINDOW COUNT < DATAGRAMS, each with its length before it in two octets; they are sent in turn.
 * Prints "ANSWERS OCTETS LOST": what did not come within a second is lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most = 65536, batch = 64 };

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const int window = atoi(argv[2]);
  const long count = atol(argv[3]);
  static struct iovec datagrams[most];
  int have = 0;
  unsigned char head[2];
  while (have < most && fread(head, 1, 2, stdin) == 2) {
    size_t length = (size_t)head[0] << 8 | head[1];
    char *octets = malloc(length + 1);
    if (!octets || fread(octets, 1, length, stdin) != length) return 2;
    datagrams[have++] = (struct iovec){octets, length};
  }
  if (have == 0 || window < 1 || window > batch) return 2;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return 1;

  static char space[batch][65536];
  static struct iovec places[batch];
  static struct mmsghdr out[batch], in[batch];
  for (int at = 0; at < batch; at++) places[at] = (struct iovec){space[at], sizeof space[at]};
  long sent = 0, answers = 0, octets = 0, lost = 0;
  int flying = 0, turn = 0;
  while (answers + lost < count) {
    int more = window - flying;
    if (more > count - sent) more = (int)(count - sent);
    if (more > 0) {
      for (int at = 0; at < more; at++) {
        memset(&out[at], 0, sizeof out[at]);
        out[at].msg_hdr.msg_iov = &datagrams[(turn + at) % have];
        out[at].msg_hdr.msg_iovlen = 1;
      }
      int done = sendmmsg(fd, out, (unsigned)more, 0);
      if (done > 0) {
        turn = (turn + done) % have;
        sent += done;
        flying += done;
      }
    }
    struct pollfd ready = {fd, POLLIN, 0};
    if (poll(&ready, 1, 1000) == 0) {
      lost += flying;
      flying = 0;
      if (lost > count / 10 + 100) break;
      continue;
    }
    for (int at = 0; at < batch; at++) {
      memset(&in[at], 0, sizeof in[at]);
      in[at].msg_hdr.msg_iov = &places[at];
      in[at].msg_hdr.msg_iovlen = 1;
    }
    int got = recvmmsg(fd, in, batch, MSG_DONTWAIT, NULL);
    for (int at = 0; at < got; at++) octets += in[at].msg_len;
    if (got > 0) {
      answers += got;
      flying = got > flying ? 0 : flying - got;
    }
  }
  printf("%ld %ld %ld\n", answers, octets, lost);
  return 0;
}
