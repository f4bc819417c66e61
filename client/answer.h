#ifndef SPEAN_CLIENT_ANSWER_H
#define SPEAN_CLIENT_ANSWER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "link.h"

/* Lines from a daemon, none of them trusted. */

enum message_kind {
    MESSAGE_ANSWER,
    MESSAGE_NOTIFICATION,
    MESSAGE_GENERAL_ERROR /* an error with the id null: it is about the connection */
};

struct message {
    enum message_kind kind;
    json_t *root;     /* owned by the caller after a success */
    int64_t number;   /* MESSAGE_ANSWER: which call it answers */
    const char *text; /* MESSAGE_GENERAL_ERROR: what the daemon says; lives as long as root */
};

/* 0, or -1: no JSON-RPC message within the limits. */
int message_parse(const char *line, size_t len, struct message *ret);
/* Fills *ret from an answer's root, which is taken over. */
void answer_take(struct answer *ret, json_t *root);

#endif
