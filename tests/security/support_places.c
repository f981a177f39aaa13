#include "support_places.h"

#include <string.h>

const struct place places[PLACES] = {
    {"sessions", "1", "[1 Sessions]", 0, false},
    {"payments", "2", "[2 POS]", 0, false},
    {"modifications", "3", "[3 Modifications]", 0, false},
    {"terminals", "4", "[4 Terminals]", 0, false},
    {"inbox", "5", "[5 Inbox", 0, false},
    {"filter", "1/", "preauth:", 0, false},
    {"actions", "?", "Type to search", 0, false},
    {"environments", "t", "Enter Go there", 0, false},
    {"detail", "1<Enter>", "Timeline", 0, false},
    {"charge", NULL, NULL, 0, false},
    {"link", NULL, NULL, 1, false},
    {"refund", NULL, NULL, 2, false},
    {"capture", NULL, NULL, 3, false},
    {"cancel", NULL, NULL, 4, false},
    {"extend", NULL, NULL, 5, false},
    {"charge question", NULL, NULL, 0, true},
    {"link question", NULL, NULL, 1, true},
    {"refund question", NULL, NULL, 2, true},
    {"capture question", NULL, NULL, 3, true},
    {"cancel question", NULL, NULL, 4, true},
    {"extend question", NULL, NULL, 5, true},
};

const char *place_mark(const struct lane *lane, const struct place *place)
{
    static const bool typed[FORMS] = {[2] = true, [3] = true, [4] = true};

    if (place->mark)
        return place->mark;
    if (!place->asking)
        return money_forms[place->form].title;
    return lane->company.live && typed[place->form] ? "Type the amount," : "Confirm   n Back";
}

static char objects[3][sizeof((struct lane *)0)->object]; /* made once, by what a form wants */

/* Deaf until this answers: a key that means nothing is answered. */
static void wait_awake(struct lane *lane, const char *mark)
{
    bool typed = mark[0] == 'T';

    for (int i = 0; i < 100 && !company_interrupted(); i++) {
        pty_send(lane->pty, typed ? "<Enter>" : "k");
        if (company_sees(&lane->company, lane->pty, "Nothing was sent.", 100))
            return;
    }
}

bool place_go(struct lane *lane, const struct place *place)
{
    const char *mark = place_mark(lane, place);
    int stuck = lane->stuck;

    if (company_sees(&lane->company, lane->pty, "[4 Terminals]", 0) ||
        company_sees(&lane->company, lane->pty, "[5 Inbox", 0))
        lane_press(lane, "1", "[1 Sessions]"); /* what is home has a filter */
    lane_go_home(lane);
    if (place->keys) {
        pty_type(lane->pty, place->keys);
        return company_sees(&lane->company, lane->pty, mark, 5000);
    }
    lane->form = &money_forms[place->form];
    char *object = objects[lane->form->wants];
    memcpy(lane->object, object, sizeof lane->object);
    lane_open_form(lane);
    memcpy(object, lane->object, sizeof lane->object);
    if (lane->stuck > stuck)
        return false;
    lane_nap(lane);
    if (!place->asking)
        return true;
    pty_send(lane->pty, lane->form->opens);
    if (!company_sees(&lane->company, lane->pty, mark, 5000))
        return false;
    wait_awake(lane, mark);
    lane_nap(lane);
    return true;
}
