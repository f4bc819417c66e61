#include "shell_line.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#define HISTORY_LINES 1000
#define PROMPT "spean> "

struct shell_line {
    FILE *in, *out;
    char *line; /* without a terminal */
    size_t size;
    EditLine *el; /* NULL: no terminal */
    History *history;
    char *history_path; /* NULL: not kept */
};

static char *prompt(EditLine *el)
{
    static char text[] = PROMPT;

    (void)el;
    return text;
}

/* Makes path's directories, for their owner alone. */
static int make_dirs(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int r;

        *slash = '\0';
        r = mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
        *slash = '/';
        if (r < 0)
            return -1;
    }
    return 0;
}

static char *history_place(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int r = -1;

    if (state && state[0] == '/')
        r = asprintf(&path, "%s/spean/history", state);
    else if (home && home[0] == '/')
        r = asprintf(&path, "%s/.local/state/spean/history", home);
    if (r < 0)
        return NULL;
    if (make_dirs(path) < 0) {
        free(path);
        return NULL;
    }
    return path;
}

/* The Tab key: adds what is sure, else lists what may come. */
static unsigned char on_tab(EditLine *el, int key)
{
    const LineInfo *info = el_line(el);
    size_t len = (size_t)(info->cursor - info->buffer);
    char *choices = NULL, *more = shell_complete(info->buffer, len, &choices);
    unsigned char result = CC_ERROR;
    FILE *out;

    (void)key;
    if (more && *more && el_insertstr(el, more) == 0) {
        result = CC_REFRESH;
    } else if (choices && *choices && el_get(el, EL_GETFP, 1, &out) == 0) {
        fprintf(out, "\n%s\n", choices);
        fflush(out);
        result = CC_REDISPLAY;
    }
    free(more);
    free(choices);
    return result;
}

/*
 * The next character that is typed. Ctrl-C is let in here alone: while a line is edited it is held
 * back, for one that came while the last key was being worked on would go unnoticed.
 */
static int read_char(EditLine *el, wchar_t *ret)
{
    mbstate_t state = {0};
    sigset_t mask;
    FILE *in;

    if (el_get(el, EL_GETFP, 0, &in) != 0 || sigprocmask(SIG_SETMASK, NULL, &mask) < 0)
        return -1;
    sigdelset(&mask, SIGINT);
    for (;;) {
        struct pollfd p = {.fd = fileno(in), .events = POLLIN};
        char byte;

        if (ppoll(&p, 1, NULL, &mask) < 0)
            return -1;
        ssize_t n = read(p.fd, &byte, 1);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return (int)n;
        size_t used = mbrtowc(ret, &byte, 1, &state);
        if (used != (size_t)-1 && used != (size_t)-2)
            return 1;
        if (used == (size_t)-1) /* no character begins like this */
            memset(&state, 0, sizeof state);
    }
}

static int start_editing(struct shell_line *s, FILE *err)
{
    HistEvent event;

    s->el = el_init("spean", s->in, s->out, err);
    s->history = history_init();
    if (!s->el || !s->history)
        return -1;
    history(s->history, &event, H_SETSIZE, HISTORY_LINES);
    history(s->history, &event, H_SETUNIQUE, 1);
    s->history_path = history_place();
    if (s->history_path)
        history(s->history, &event, H_LOAD, s->history_path);
    el_set(s->el, EL_PROMPT, prompt);
    el_set(s->el, EL_GETCFN, read_char);
    el_set(s->el, EL_EDITOR, "emacs");
    el_set(s->el, EL_HIST, history, s->history);
    /* The wide form: the other copies both texts and never frees them. */
    el_wset(s->el, EL_ADDFN, L"spean-complete", L"complete a command", on_tab);
    el_set(s->el, EL_BIND, "^I", "spean-complete", NULL);
    el_set(s->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(s->el, NULL); /* the user's .editrc */
    return 0;
}

struct shell_line *shell_line_new(FILE *in, FILE *out, FILE *err, bool terminal)
{
    struct shell_line *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->in = in;
    s->out = out;
    if (terminal && start_editing(s, err) < 0) {
        shell_line_free(s);
        return NULL;
    }
    return s;
}

void shell_line_free(struct shell_line *s)
{
    if (!s)
        return;
    if (s->history)
        history_end(s->history);
    if (s->el)
        el_end(s->el);
    free(s->history_path);
    free(s->line);
    free(s);
}

/* Saved line by line, so that nothing is lost when the terminal is closed. */
static void remember(struct shell_line *s, const char *line)
{
    HistEvent event;
    mode_t mask;

    if (line[strspn(line, " \t\r\n")] == '\0')
        return;
    history(s->history, &event, H_ENTER, line);
    if (!s->history_path)
        return;
    mask = umask(077);
    history(s->history, &event, H_SAVE, s->history_path);
    umask(mask);
}

const char *shell_line_read(struct shell_line *s, bool *ret_interrupted)
{
    const char *line;
    sigset_t interrupt, before;
    int count = 0;

    *ret_interrupted = false;
    errno = 0;
    if (!s->el) {
        if (getline(&s->line, &s->size, s->in) >= 0)
            return s->line;
        *ret_interrupted = errno == EINTR;
        return NULL;
    }
    /* libedit shows the prompt first and takes the keys over after. A Ctrl-D between the two would
     * be lost. */
    el_set(s->el, EL_PREP_TERM, 1);
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    if (sigprocmask(SIG_BLOCK, &interrupt, &before) < 0)
        return NULL;
    line = el_gets(s->el, &count);
    int why = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (line && count > 0) {
        remember(s, line);
        return line;
    }
    *ret_interrupted = count < 0 && why == EINTR;
    if (count < 0)
        el_reset(s->el);
    return NULL;
}
