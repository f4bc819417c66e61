#ifndef SPEAN_NET_SOCKET_H
#define SPEAN_NET_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

/* Sockets to listen on. */

struct socket_file { /* the file that a unix socket made; zeroed: none */
    char path[108];
    dev_t device;
    ino_t inode;
};

/* A descriptor that is bound and listens, or -1 with a message. */
int socket_listen_tcp(const char *address, char *err, size_t errlen);
int socket_listen_unix(const char *path, mode_t mode, struct socket_file *ret, char *err,
                       size_t errlen);
/* Removes the file if it is still the one that was made. */
void socket_file_remove(struct socket_file *f);
int socket_port(int fd); /* TCP port, or 0 */

#endif
