/* The socket that supervisors connect to, and the one connection. */
#pragma once

#include "shim.h"

/* A message that came, with the first descriptor that came along. */
struct request {
    struct header header;
    const char *body; /* header.length bytes, until the next receive */
    int fd;           /* -1: none */
    int error;        /* errno: it is no message, or not whole */
};

/* Listens at path, in place of any other socket; makes its directory if that is missing. 0 or errno. */
int link_listen(struct link *link, const char *path);

/* Whether the socket is still at path. */
bool link_is_at(const struct link *link, const char *path);

/* Removes the socket's file. */
void link_unlink(const struct link *link, const char *path);

/* Takes who is waiting, if that is one of us, in place of the connection that there is. True: there was one. */
bool link_accept(struct link *link);

/* Begins with this connection, in place of any other. */
void link_begin(struct link *link, int connection);

/* The connection is over. */
void link_drop(struct link *link);

/* True: request is one, or a bad one. False: there is none, or the connection is over and dropped. */
bool link_receive(struct link *link, struct request *request);

/* Sends header and body (header->length bytes), with descriptors. 0; EAGAIN: it does not read, and link->blocked is
 * set; ETOOMANYREFS: the descriptors cannot be sent now; other errors have dropped the connection. */
int link_send(struct link *link, const struct header *header, const void *body, const int *fds, int count);

/* Whether something can be sent now; else link->blocked is set. */
bool link_writable(struct link *link);
