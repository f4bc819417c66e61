#ifndef SPEAN_SERVICE_GUESSES_H
#define SPEAN_SERVICE_GUESSES_H

#include <spean/ident.h>
#include <spean/service.h>

/*
 * Who tries tokens that are wrong. A source is an IPv4 address, the first 64 bits of an IPv6 one,
 * or a user of the unix socket: more wrong tries within the window than allowed, and no token is
 * looked at any more that comes from there, but for those that were right from there before: behind
 * one address may be many, and one with a stale token must not lock the others out. The table is
 * bounded; a source that was not heard of for longest gives its place. Any thread.
 */
struct guess_source {
    uint8_t key[16];
};

void guess_source_set(struct guess_source *ret, const struct conn_peer *peer);
/* As the log names it: an address, a network, "uid:1000". */
#define GUESS_SOURCE_TEXT 64
void guess_source_format(const struct guess_source *source, char out[GUESS_SOURCE_TEXT]);
/* Is no token taken from the source now? digest: of the token; NULL: it can be none. */
bool guesses_blocked(struct guesses *g, const struct guess_source *source, const uint8_t *digest,
                     uint64_t now_ms);
/* A wrong try. True if it was the last one allowed. */
bool guesses_wrong(struct guesses *g, const struct guess_source *source, const uint8_t *digest,
                   uint64_t now_ms);
/* The token was right. forgive: it was counted as wrong before, at now_ms or earlier. */
void guesses_right(struct guesses *g, const struct guess_source *source,
                   const uint8_t digest[DIGEST_BYTES], bool forgive, uint64_t now_ms);

#endif
