#include "editor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

int editor_file(const char *text, char path[EDITOR_PATH], char *err, size_t errlen)
{
    const char *dir = getenv("TMPDIR");
    int fd, r;

    if (!dir || dir[0] != '/')
        dir = "/tmp";
    if (snprintf(path, EDITOR_PATH, "%s/spean-XXXXXX.json", dir) >= EDITOR_PATH) {
        snprintf(err, errlen, "TMPDIR is too long");
        return -1;
    }
    fd = mkstemps(path, (int)strlen(".json")); /* mode 0600 */
    if (fd < 0) {
        snprintf(err, errlen, "cannot make a file in %.200s: %s", dir, strerror(errno));
        return -1;
    }
    r = write_all(fd, text, strlen(text));
    if (close(fd) < 0 || r < 0) {
        snprintf(err, errlen, "cannot write %.200s: %s", path, strerror(errno));
        unlink(path);
        return -1;
    }
    return 0;
}

static const char *editor_command(void)
{
    static const char *const names[] = {"VISUAL", "EDITOR"};

    for (size_t i = 0; i < 2; i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return value;
    }
    return "vi";
}

/* As git does: the shell takes the command apart, the path is never part of it. */
static void editor_exec(const char *path)
{
    char script[1024], name[] = "editor", shell[] = "sh", flag[] = "-c";
    char *copy = strdup(path);
    char *argv[] = {shell, flag, script, name, copy, NULL};

    if (!copy ||
        snprintf(script, sizeof(script), "%s \"$@\"", editor_command()) >= (int)sizeof(script))
        _exit(127);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    execv("/bin/sh", argv);
    _exit(127);
}

int editor_run(const char *path, char *err, size_t errlen)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old_int, old_quit;
    int status = 0;
    pid_t child, r;

    sigemptyset(&ignore.sa_mask);
    fflush(NULL);
    sigaction(SIGINT, &ignore, &old_int);
    sigaction(SIGQUIT, &ignore, &old_quit);
    child = fork();
    if (child == 0)
        editor_exec(path);
    do
        r = child < 0 ? -1 : waitpid(child, &status, 0);
    while (r < 0 && child > 0 && errno == EINTR);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGQUIT, &old_quit, NULL);
    if (r < 0)
        snprintf(err, errlen, "cannot run the editor: %s", strerror(errno));
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        snprintf(err, errlen, "the editor \"%.100s\" failed", editor_command());
    else
        return 0;
    return -1;
}
