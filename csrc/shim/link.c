#include "link.h"

#include "../descriptors.h"
#include "files.h"
#include "room.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool address_of(struct sockaddr_un *address, const char *path) {
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path)
        return false;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return true;
}

static int bind_to(int fd, const char *path) {
    enum { WAITING = 16 };
    struct sockaddr_un address;
    if (!address_of(&address, path))
        return ENAMETOOLONG;
    files_make_parents(path);
    unlink(path);
    mode_t before = umask(0177);
    int result = bind(fd, (struct sockaddr *)&address, sizeof address);
    umask(before);
    return result || listen(fd, WAITING) ? errno : 0;
}

int link_listen(struct link *link, const char *path) {
    int fd = descriptor_up(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd < 0)
        return errno;
    struct stat made;
    int error = bind_to(fd, path);
    if (!error && stat(path, &made))
        error = errno;
    if (error) {
        close(fd);
        return error;
    }
    if (link->listener >= 0)
        close(link->listener);
    link->listener = fd;
    link->device = made.st_dev;
    link->inode = made.st_ino;
    return 0;
}

bool link_is_at(const struct link *link, const char *path) {
    struct stat there;
    return link->listener >= 0 && stat(path, &there) == 0 && there.st_dev == link->device &&
           there.st_ino == link->inode;
}

void link_unlink(const struct link *link, const char *path) {
    if (link_is_at(link, path))
        unlink(path);
}

void link_drop(struct link *link) {
    if (link->connection >= 0)
        close(link->connection);
    link->connection = -1;
    link->greeted = link->blocked = link->exited_due = link->empty_due = false;
    link->status_from = -1;
}

void link_begin(struct link *link, int connection) {
    link_drop(link);
    link->connection = connection;
}

static bool is_one_of_us(int fd) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

bool link_accept(struct link *link) {
    int fd = descriptor_up(accept4(link->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd < 0)
        return false;
    if (is_one_of_us(fd))
        link_begin(link, fd);
    else
        close(fd);
    return true;
}

/* The first descriptor that came along; others are nobody's. */
static int take_descriptor(struct msghdr *message) {
    int kept = -1;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(at) + i * sizeof fd, sizeof fd);
            if (kept < 0)
                kept = descriptor_up(fd);
            else
                close(fd);
        }
    }
    return kept;
}

static void judge(struct request *request, const struct msghdr *message, size_t length) {
    memset(&request->header, 0, sizeof request->header);
    request->error = 0;
    memcpy(&request->header, room->message, length < sizeof request->header ? length : sizeof request->header);
    request->body = room->message + sizeof request->header;
    if (message->msg_flags & MSG_TRUNC)
        request->error = EMSGSIZE;
    else if (length < sizeof request->header || request->header.length != length - sizeof request->header)
        request->error = EBADMSG;
    else if (message->msg_flags & MSG_CTRUNC)
        request->error = EMFILE; /* we have no room for it, or there were too many */
    if (length < sizeof request->header)
        request->header = (struct header){.version = PROTOCOL_VERSION};
}

bool link_receive(struct link *link, struct request *request) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = room->message, .iov_len = sizeof room->message};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(link->connection, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (length <= 0) { /* the end; an empty message, which nobody sends, is taken for it */
        link_drop(link);
        return false;
    }
    request->fd = take_descriptor(&message);
    judge(request, &message, (size_t)length);
    return true;
}

int link_send(struct link *link, const struct header *header, const void *body, const int *fds, int count) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(STATUS_FDS * sizeof(int))];
    } control;
    struct iovec parts[] = {{(void *)(uintptr_t)header, sizeof *header}, {(void *)(uintptr_t)body, header->length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = header->length ? 2 : 1};
    if (count) {
        size_t size = (size_t)count * sizeof *fds;
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&control.header), fds, size);
    }
    if (sendmsg(link->connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return 0;
    int error = errno;
    if (error == EAGAIN || error == ENOBUFS)
        link->blocked = true;
    else if (error != ETOOMANYREFS)
        link_drop(link);
    return error == ENOBUFS ? EAGAIN : error;
}

bool link_writable(struct link *link) {
    struct pollfd polled = {.fd = link->connection, .events = POLLOUT};
    link->blocked = poll(&polled, 1, 0) == 0;
    return !link->blocked;
}
