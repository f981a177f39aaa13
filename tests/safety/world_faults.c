/* What can go wrong, and how often it has. A request's own fault is drawn when it starts; quirks
   are drawn once, and the server has them until the world is healed, or for ever. */
#include <string.h>

#include "world.h"

const char *const fault_names[] = {
#define X(id, name) [FAULT_##id] = name,
    FAULTS(X)
#undef X
};
int64_t fault_counts[FAULT_COUNT];

static bool quirks[FAULT_COUNT];

/* Which requests a fault can meet. */
enum { MEETS_GET = 1, MEETS_CHARGE = 2, MEETS_OTHER = 4, MEETS_LIST = 8 };
enum { MEETS_POST = MEETS_CHARGE | MEETS_OTHER, MEETS_ANY = MEETS_GET | MEETS_POST };

static const struct {
    enum fault fault;
    unsigned meets;
    int weight;
} menu[] = {
    {FAULT_REFUSED, MEETS_ANY, 2},        {FAULT_TLS, MEETS_ANY, 2},
    {FAULT_CONNECT_SLOW, MEETS_ANY, 2},   {FAULT_SILENCE_BEFORE, MEETS_ANY, 2},
    {FAULT_SILENCE_AFTER, MEETS_POST, 4}, {FAULT_DROP_BEFORE, MEETS_ANY, 3},
    {FAULT_DROP_AFTER, MEETS_POST, 5},    {FAULT_CUT, MEETS_ANY, 3},
    {FAULT_ERROR_BEFORE, MEETS_ANY, 2},   {FAULT_ERROR_AFTER, MEETS_POST, 4},
    {FAULT_HTML_BEFORE, MEETS_ANY, 2},    {FAULT_HTML_AFTER, MEETS_POST, 3},
    {FAULT_PROVIDER_BEFORE, MEETS_ANY, 2}, {FAULT_PROVIDER_AFTER, MEETS_POST, 4},
    {FAULT_TERMINAL_BEFORE, MEETS_POST, 3}, {FAULT_TERMINAL_AFTER, MEETS_POST, 3},
    {FAULT_BUSY, MEETS_ANY, 2},           {FAULT_BUSY_AFTER_TIME, MEETS_ANY, 2},
    {FAULT_CONFLICT_BEFORE, MEETS_POST, 3}, {FAULT_CONFLICT_AFTER, MEETS_POST, 3},
    {FAULT_NOT_JSON, MEETS_ANY, 2},       {FAULT_NOT_UTF8, MEETS_ANY, 2},
    {FAULT_TOO_DEEP, MEETS_ANY, 2},       {FAULT_TWICE_NAMED, MEETS_ANY, 2},
    {FAULT_EMPTY, MEETS_ANY, 2},          {FAULT_WRONG_AMOUNT, MEETS_POST, 3},
    {FAULT_WRONG_CURRENCY, MEETS_POST, 3}, {FAULT_WRONG_TARGET, MEETS_POST, 3},
    {FAULT_WRONG_ENV, MEETS_POST, 3},     {FAULT_WRONG_STATUS, MEETS_CHARGE, 5},
    {FAULT_NO_REFERENCE, MEETS_POST, 3},  {FAULT_WRONG_CODE, MEETS_POST, 3},
    {FAULT_REJECT, MEETS_POST, 3},        {FAULT_LATE, MEETS_POST, 20},
    {FAULT_LATE_BEYOND, MEETS_POST, 0},   {FAULT_SLOW, MEETS_ANY, 3},
    {FAULT_TOO_LATE, MEETS_ANY, 2},       {FAULT_UNSTABLE, MEETS_LIST, 6},
    {FAULT_NO_FILTER, MEETS_LIST, 3},     {FAULT_SAME_PAGE, MEETS_LIST, 4},
    {FAULT_DUPLICATES, MEETS_LIST, 3},    {FAULT_STALE, MEETS_LIST, 12},
    {FAULT_NO_DATE, MEETS_LIST, 3},       {FAULT_SPARSE, MEETS_LIST, 3},
    {FAULT_BROKEN_ROW, MEETS_LIST, 3},
};

/* Quirks of the server and troubles of the hosts: per mille of the worlds; kept says that healing
   does not end it. */
static const struct {
    enum fault fault;
    int per_mille;
    bool kept;
} habits[] = {
    {FAULT_LIST_LAG, 300, false},  {FAULT_NO_ECHO, 120, true},     {FAULT_NO_HOME, 120, true},
    {FAULT_PAGE_TOTAL, 100, true}, {FAULT_FLIP, 60, false},       {FAULT_FORGOTTEN, 150, true},
    {FAULT_DISHONOURED, 130, true}, {FAULT_NO_LIMIT, 80, true},     {FAULT_SKEWED, 250, true},
    {FAULT_TAKEN_DEAD, 40, false}, {FAULT_UNSTABLE, 60, false},    {FAULT_NO_DATE, 30, false},
    {FAULT_NO_FILTER, 30, false},  {FAULT_SAME_PAGE, 20, false},
};

void fault_note(enum fault fault)
{
    fault_counts[fault]++;
}

void faults_begin(void)
{
    memset(quirks, 0, sizeof quirks);
    for (size_t i = 0; i < COUNT_OF(habits); i++)
        quirks[habits[i].fault] = dice_chance(&world.plan, habits[i].per_mille);
}

bool quirk(enum fault fault)
{
    return quirks[fault];
}

bool quirk_now(enum fault fault)
{
    bool kept = false;

    for (size_t i = 0; i < COUNT_OF(habits); i++)
        if (habits[i].fault == fault)
            kept = habits[i].kept;
    return quirks[fault] && (kept || !world.healthy);
}

enum fault fault_draw(bool post, bool charge, bool list)
{
    unsigned kind = !post ? MEETS_GET | (list ? MEETS_LIST : 0u)
                          : charge ? MEETS_CHARGE : MEETS_OTHER;
    int total = 0;

    if (world.healthy || !dice_chance(&world.fate, post ? world.settings.trouble
                                                        : world.settings.trouble / 2))
        return FAULT_NONE;
    if (post && world.settings.late_beyond && dice_chance(&world.fate, 600))
        return FAULT_LATE_BEYOND;
    for (size_t i = 0; i < COUNT_OF(menu); i++)
        total += (menu[i].meets & kind) != 0 ? menu[i].weight : 0;
    int at = (int)dice_below(&world.fate, total);
    for (size_t i = 0; i < COUNT_OF(menu); i++) {
        at -= (menu[i].meets & kind) != 0 ? menu[i].weight : 0;
        if (at < 0)
            return menu[i].fault;
    }
    return FAULT_NONE;
}
