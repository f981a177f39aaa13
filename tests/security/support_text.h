/* Hostile text against the whole console: payloads, a server whose every text is one of them, and
   the gate that everything written must pass. */
#ifndef TESTS_SECURITY_SUPPORT_TEXT_H
#define TESTS_SECURITY_SUPPORT_TEXT_H

#include "../../api/loop.h"
#include "../support_pty.h"

#include <limits.h>

/* --- payloads --------------------------------------------------------------------------------- */

struct payload {
    const char *kind; /* "csi", "bidi", … */
    char *bytes;      /* without NUL */
    bool in_json;     /* valid UTF-8: an answer can carry it in a string */
};
struct payloads {
    struct payload *all;
    size_t count, room;
    size_t json; /* the first so many can stand in JSON */
};
void payloads_make(struct payloads *payloads);
void payloads_free(struct payloads *payloads);
/* The same as the console must show it, made of signs that it never draws by itself: one for each
   cell but blanks, so that what a field covers on the screen can be seen. free() it. */
char *payload_twin(const char *bytes);
#define TWIN_NARROW "§"
#define TWIN_WIDE   "〓"
/* The payload at a place; longer ones are cut (never within a character) where max is not 0. */
char *payload_cut(const char *bytes, size_t max);

/* --- the server ------------------------------------------------------------------------------- */

enum { HOSTILE_ROWS = 32, HOSTILE_DATED = 20 /* rows with times that can be read */ };

struct hostile {
    struct loop *loop;
    const struct payloads *payloads;
    size_t from;      /* of the payloads: the first row of the first field has that one */
    bool benign;      /* twins instead */
    int page;         /* that is asked for; one by a cursor is the second */
    int cursors;      /* sent so far */
    uint64_t strange; /* cursors that came back otherwise than they were sent */
    bool broken;      /* texts that no JSON can hold stand in the answers as they are */
    char base[64];    /* http://127.0.0.1:PORT/external/v1/ */
    uint64_t texts;   /* sent so far */
    int fd;
    struct loop_watch *watch;
    struct hostile_line *lines;
};
/* Objects of its answers. */
enum hostile_kind { HOSTILE_SESSION, HOSTILE_PAYMENT, HOSTILE_MODIFICATION, HOSTILE_TERMINAL };
void hostile_list(struct hostile *hostile, struct buf *out, enum hostile_kind kind, int from,
                  int count);
void hostile_one(struct hostile *hostile, struct buf *out, enum hostile_kind kind, int which);
void hostile_error(struct hostile *hostile, struct buf *out, int which);
/* Of a list that is asked for by a cursor: it is to be one that was sent. */
void hostile_cursor_came(struct hostile *hostile, const char *query);
/* What has become of a request that moves money; the amount in it. */
void hostile_outcome(struct hostile *hostile, struct buf *out, const char *path, const char *body);
long hostile_value(const char *body);
bool hostile_start(struct hostile *hostile);
void hostile_stop(struct hostile *hostile);
/* Before any server: what has been sent is counted for all processes of this program. */
void hostile_count(const struct payloads *payloads);
/* What all servers of this process have sent: pairs of field and payload, and how many fields had
   at least HOSTILE_MANY different payloads. */
#define HOSTILE_MANY 400
struct hostile_sums {
    uint64_t fields, pairs, full;
};
struct hostile_sums hostile_sums(const struct payloads *payloads);

/* --- the gate --------------------------------------------------------------------------------- */

struct gate;
/* Takes what terminfo says of that terminal. NULL: no such terminal. */
struct gate *gate_open(const char *term);
void gate_close(struct gate *gate);
struct gate_found {
    uint64_t bytes, sequences, copies; /* copies: OSC 52 of a plain reference */
    char wrong[200];                   /* the first thing that may not be written; "" */
};
/* A terminal's bytes. single_bytes: its set is not UTF-8, so 0x80 to 0x9F are controls. */
void gate_terminal(struct gate *gate, const char *bytes, size_t len, bool single_bytes,
                   struct gate_found *found);
/* Text that is no terminal's: lines of printable characters only, tabs where they part cells. */
bool gate_plain(const char *bytes, size_t len, bool tabs, char wrong[200]);
/* CSV by RFC 4180: so many columns in each row, no cell that a spreadsheet would run. */
bool gate_csv(const char *bytes, size_t len, size_t columns, char wrong[200]);
/* JSON lines: printable characters only, each line one whole value. */
bool gate_json(const char *bytes, size_t len, char wrong[200]);

/* --- the proof -------------------------------------------------------------------------------- */

struct proof {
    char program[PATH_MAX], folder[64];
    bool full;
    uint64_t seed;
    const char *only; /* --part NAME: just that one; NULL: all */
    long session;     /* --session N: just that one; -1: all */
    uint64_t violations;
    struct loop *loop;
    struct payloads payloads;
    uint64_t bytes, sequences, copies; /* that passed the gate */
    uint64_t screens, cells, covered;  /* compared; covered: cells of fields */
    uint64_t sessions, commands, texts;
    long slice, slices; /* this process does every so manieth */
};
void proof_violation(struct proof *proof, const char *format, ...) PRINTF_LIKE(2, 3);
int64_t proof_now_ms(void);
/* A folder below the proof's, with configuration of [console] lines, and what a console there
   needs in its environment (NULL-terminated, in room). */
struct proof_home {
    char path[300], room[12][400];
    char *env[13];
};
void proof_home(struct proof *proof, struct proof_home *home, const char *name, const char *config,
                const struct hostile *hostile, const char *term);
/* One payload that can be one line of a configuration file or a folder's name. */
char *proof_plain(const struct proof *proof, uint64_t number);

/* Two consoles side by side, one against payloads, one against their twins. */
void proof_screens(struct proof *proof);
/* Every command that prints, in every form, and what is said on stderr. */
void proof_commands(struct proof *proof);
/* Names that are no answer's: operator, TERM, arguments, files, certificates, what libcurl says. */
void proof_names(struct proof *proof);

#endif
