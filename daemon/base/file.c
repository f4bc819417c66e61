#include <spean/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spean/buf.h>

#define FILE_CHUNK 65536
#define FILE_PATH_MAX 4096

/* Reads to the end, or one byte past max, which is how a file that grew is found. */
static int fd_read_all(int fd, size_t max, struct buf *b)
{
    for (;;) {
        size_t room = max - b->len < FILE_CHUNK ? max - b->len + 1 : FILE_CHUNK;
        char *at = buf_reserve(b, room);
        ssize_t n;

        if (!at)
            return -ENOMEM;
        n = read(fd, at, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        b->len += (size_t)n;
        if (b->len > max)
            return -EFBIG;
    }
}

int file_read(const char *path, size_t max, char **ret_data, size_t *ret_len)
{
    struct buf b;
    struct stat st;
    char *data;
    size_t len;
    int r, fd;

    if (max >= SIZE_MAX - 1)
        return -EINVAL;
    buf_init(&b, max + 1);
    /* Non-blocking, so that a FIFO in the place of a file is refused and not waited for. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0) {
        r = -errno;
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        r = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        goto out;
    }
    if ((uintmax_t)st.st_size > max) {
        r = -EFBIG;
        goto out;
    }
    r = fd_read_all(fd, max, &b);
    if (r < 0)
        goto out;
    data = buf_take(&b, &len);
    if (!data) {
        r = -ENOMEM;
        goto out;
    }
    *ret_data = data;
    *ret_len = len;
out:
    buf_done(&b);
    close(fd);
    return r;
}

int file_read_at(const char *dir, const char *name, size_t max, char **ret_data, size_t *ret_len)
{
    char path[FILE_PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    return file_read(path, max, ret_data, ret_len);
}

int file_program_dir(char *ret_dir, size_t size)
{
    char path[FILE_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
    const char *slash;
    size_t len;

    if (n < 0)
        return -errno;
    slash = memrchr(path, '/', (size_t)n);
    len = slash == NULL ? 0 : (size_t)(slash - path);
    if ((size_t)n == sizeof(path) || len >= size)
        return -ENAMETOOLONG;
    memcpy(ret_dir, path, len);
    ret_dir[len] = '\0';
    return 0;
}
