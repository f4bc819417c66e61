#ifndef SPEAN_SERVICE_PLAN_H
#define SPEAN_SERVICE_PLAN_H

#include <jansson.h>
#include <spean/buf.h>
#include <spean/ident.h>
#include <spean/model.h>
#include <spean/profile_json.h>
#include <spean/rpc.h>

/*
 * What a write means: patches on one side, the stored companies they lead to on the other, and what
 * to write as the outcome. Pure: it is made anew when the database has moved on meanwhile. Patches
 * are applied one after the other, each on top of what those before it left.
 */
enum plan_kind { PLAN_UPSERT, PLAN_ARCHIVE, PLAN_CONFIRM };

struct plan_rules {
    enum plan_kind kind;
    const struct model *model;
    struct profile_codes codes;
    bool may_verify;
    bool keep_ids;      /* an id that is not there yet makes a company with it */
    int64_t if_version; /* -1: any */
    int64_t now_ms;
    int32_t today;
};

struct plan_item {
    const json_t *patch;    /* borrowed */
    bool bad_form;          /* error was found before the database was asked */
    struct rpc_error error; /* code set: refused */
    size_t subject;         /* its company, unless refused */
    bool created;
};

struct subject { /* a company that the patches lead to */
    char id[IDENT_TEXT];
    int64_t version; /* stored; 0: new */
    json_t *before;  /* stored; NULL: new */
    json_t *doc;     /* as it will be; the same as before, while nothing has changed */
    struct buf packed;
    bool changed;
};

struct plan {
    struct plan_rules rules;
    struct plan_item *items;
    size_t count;
    size_t next; /* the item that plan_make goes on with */
    struct subject *subjects;
    size_t subject_count, subject_cap;
    json_t *by_id;       /* id -> place in subjects */
    json_t *by_external; /* external_key -> place in subjects */
    json_t *erased;      /* ids that no company gets any more */
};

/* Room for count patches. 0; -1: no memory (plan_done is fine then). */
int plan_init(struct plan *p, const struct plan_rules *rules, size_t count);
/* Gives the patch at a place, borrowed, and checks its form. */
void plan_patch(struct plan *p, size_t at, const json_t *patch);
void plan_done(struct plan *p);

/* Appends the JSON text of the companies to find; *ret_count 0: none. 0 or -1. */
int plan_refs(const struct plan *p, struct buf *out, size_t *ret_count);
/* Forgets what was found and made before. 0 or -1. */
int plan_reset(struct plan *p);
/* One found company; known ones are passed over. 0; -1: no memory; -2: doc is no JSON object. */
int plan_found(struct plan *p, const char *id, int64_t version, const char *doc);
/* The id of a company that was erased; for rules with keep_ids. 0 or -1. */
int plan_erased(struct plan *p, const char *id);
/*
 * Applies the next patches, `most` at a time, so that a long list does not hold up everybody else;
 * what is refused stands in the items. 1: there are more; 0: done; -1: no memory.
 */
int plan_make(struct plan *p, size_t most);
/* Appends the JSON text of what to write. 0 or -1 (no memory, ceiling). */
int plan_writes(const struct plan *p, struct buf *out);
/* Version of an item's company after the write. */
int64_t plan_version(const struct plan *p, const struct plan_item *item);

/* Whether a patch's entry is one at all: both parts are strings. */
bool external_whole(const json_t *external);
/* Key of by_external: heap string, or NULL (no memory, or not both are strings). */
char *external_key(const json_t *external);

#endif
