#ifndef SPEAN_JSON_WRITER_H
#define SPEAN_JSON_WRITER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf;

/*
 * Writes JSON text straight into a buffer: commas and quotes are its business. Errors stick in the
 * buffer (buf->failed). More than 63 levels fail it too.
 */
struct json_writer {
    struct buf *out;
    uint64_t comma; /* a bit a level: something stands there already */
    unsigned depth;
};

void jw_init(struct json_writer *w, struct buf *out);
void jw_object(struct json_writer *w);
void jw_object_end(struct json_writer *w);
void jw_array(struct json_writer *w);
void jw_array_end(struct json_writer *w);
void jw_key_of(struct json_writer *w, const char *key, size_t len); /* ASCII, needs no escaping */
void jw_string(struct json_writer *w, const char *s, size_t len);   /* valid UTF-8 */
void jw_text(struct json_writer *w, const char *s); /* the same, terminated; NULL writes null */
void jw_int(struct json_writer *w, int64_t v);
void jw_hundredths(struct json_writer *w, int64_t v); /* 8725 -> 87.25, 8700 -> 87, 8750 -> 87.5 */
void jw_bool(struct json_writer *w, bool v);
void jw_null(struct json_writer *w);
void jw_raw(struct json_writer *w, const char *json, size_t len); /* a whole value, already JSON */
/* Compact; NULL writes null; reals with the 15 or 17 digits that read back as the same number. */
void jw_json(struct json_writer *w, const json_t *value);

/*
 * Appends a value as jansson writes it, with its flags (JSON_SORT_KEYS, JSON_INDENT...). Instead of
 * json_dumps, which leaves the name of a member out when it has no memory for it, and says nothing.
 * 0 or -1.
 */
int jw_dump(struct buf *out, const json_t *value, size_t flags);

/* Keys mostly stand in the source: the compiler knows how long they are. */
static inline void jw_key(struct json_writer *w, const char *key)
{
    jw_key_of(w, key, strlen(key));
}

/* "key": value in one go. */
static inline void jw_key_text(struct json_writer *w, const char *key, const char *s)
{
    jw_key(w, key);
    jw_text(w, s);
}

static inline void jw_key_int(struct json_writer *w, const char *key, int64_t v)
{
    jw_key(w, key);
    jw_int(w, v);
}

#endif
