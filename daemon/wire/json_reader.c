#include <spean/json_reader.h>

#include <stdint.h>
#include <string.h>
#include <threads.h>

/*
 * What jansson may still ask for after a failure, when its input ends within CHUNK bytes: the token
 * it is at and the table it is growing (in proportion to the text), and values out of the chunk.
 */
#define CHUNK 1024        /* bytes that jansson reads ahead */
#define PER_BYTE 20       /* of the text: a token doubled, a table of elements or members doubled */
#define PER_CHUNK 256     /* for each byte of a chunk: the smallest object is three bytes */
#define KEPT (512 * 1024) /* a reserve of this size stays with its thread; larger ones go */
#define ALIGN 16

struct reserve {
    size_t size, used;
    char *bytes;
};

struct parse {
    const char *text;
    size_t len, at;
    struct reserve reserve;
    bool failed;
};

/* jansson's hooks are the process's and take no context. Set once, before there are threads. */
static struct {
    void *(*allocate)(size_t size);
    void (*release)(void *block);
    tss_t kept;
} hooks;

/* What this thread is parsing. */
static _Thread_local struct parse *current;

static void *hook_allocate(size_t size)
{
    struct parse *p = current;
    void *block = hooks.allocate(size);

    if (block || !p)
        return block;
    p->failed = true;
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (size > p->reserve.size - p->reserve.used)
        return NULL;
    block = p->reserve.bytes + p->reserve.used;
    p->reserve.used += size;
    return block;
}

static bool reserve_holds(const struct reserve *r, const void *block)
{
    uintptr_t at = (uintptr_t)block, start = (uintptr_t)r->bytes;

    return at >= start && at < start + r->size;
}

static void hook_release(void *block)
{
    /* What is out of the reserve goes with it. */
    if (!current || !reserve_holds(&current->reserve, block))
        hooks.release(block);
}

void jr_init(void *(*allocate)(size_t size), void (*release)(void *block))
{
    if (!hooks.allocate && tss_create(&hooks.kept, release) != thrd_success)
        return; /* then without a net */
    hooks.allocate = allocate;
    hooks.release = release;
    json_set_alloc_funcs(hook_allocate, hook_release);
}

static bool reserve_open(struct reserve *r, size_t len)
{
    r->size = PER_BYTE * len + PER_CHUNK * (len < CHUNK ? len : CHUNK) + 8 * CHUNK;
    r->used = 0;
    if (r->size > KEPT) {
        r->bytes = hooks.allocate(r->size);
        return r->bytes != NULL;
    }
    r->size = KEPT;
    r->bytes = tss_get(hooks.kept);
    if (!r->bytes) {
        r->bytes = hooks.allocate(KEPT);
        if (r->bytes && tss_set(hooks.kept, r->bytes) != thrd_success) {
            hooks.release(r->bytes);
            r->bytes = NULL;
        }
    }
    return r->bytes != NULL;
}

static void reserve_close(struct reserve *r)
{
    if (r->size > KEPT)
        hooks.release(r->bytes);
}

/* The input ends at the first failure. */
static size_t parse_read(void *out, size_t size, void *arg)
{
    struct parse *p = arg;
    size_t n = p->len - p->at < size ? p->len - p->at : size;

    if (p->failed)
        return 0;
    memcpy(out, p->text + p->at, n);
    p->at += n;
    return n;
}

json_t *jr_parse(const char *text, size_t len, size_t flags, json_error_t *why, bool *ret_no_memory)
{
    struct parse p = {.text = text, .len = len};
    json_t *root;

    *ret_no_memory = false;
    if (!hooks.allocate)
        return json_loadb(text, len, flags, why);
    if (!reserve_open(&p.reserve, len)) {
        *ret_no_memory = true;
        return NULL;
    }
    current = &p;
    root = json_load_callback(parse_read, &p, flags, why);
    if (p.failed) {
        json_decref(root);
        root = NULL;
    }
    current = NULL;
    reserve_close(&p.reserve);
    *ret_no_memory = p.failed;
    return root;
}
