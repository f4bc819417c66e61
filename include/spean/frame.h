#ifndef SPEAN_FRAME_H
#define SPEAN_FRAME_H

#include <stddef.h>

/*
 * Finds lines in a stream that comes in chunks: one line, or more needed, or too long. It remembers
 * how far it has looked, so every byte is looked at once however it arrives. Knows no socket.
 */
struct frame {
    size_t seen;  /* bytes of the present line looked at so far, without its LF */
    size_t limit; /* most bytes of a line, without LF or CRLF */
};

enum frame_result { FRAME_MORE, FRAME_LINE, FRAME_TOO_LONG };

void frame_init(struct frame *f, size_t limit);
/*
 * Looks at the next chunk, the bytes right after those already seen. FRAME_LINE: *ret_line is the
 * length of the whole line from its first byte, without LF (a CR before it is counted: strip it
 * with frame_trim), and the frame is ready for the next line.
 */
enum frame_result frame_scan(struct frame *f, const char *chunk, size_t len, size_t *ret_line);
/* Length without one trailing CR. */
size_t frame_trim(const char *line, size_t len);

/* A line that no JSON client begins so: an HTTP request line, "Content-Length:", a TLS hello. */
enum frame_stranger { STRANGER_NOT, STRANGER_HTTP, STRANGER_LSP, STRANGER_TLS };
enum frame_stranger frame_stranger(const char *line, size_t len);

#endif
