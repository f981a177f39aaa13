/* The journal's file: opening it, and the frame of every write. After trouble with the file this
   process moves no more money. */
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "money_internal.h"

#define QUIET_CHARGE_MS       (INT64_C(300) * 1000)
#define QUIET_MODIFICATION_MS (INT64_C(24) * 3600 * 1000)

/* --- opening --------------------------------------------------------------------------------- */

static void learn_who(struct journal *journal)
{
    struct passwd entry, *found = NULL;
    char room[2048];
    const char *origin = getenv("SSH_CONNECTION");

    if (getpwuid_r(geteuid(), &entry, room, sizeof room, &found) == 0 && found != NULL)
        snprintf(journal->os_user, sizeof journal->os_user, "%s", entry.pw_name);
    else
        snprintf(journal->os_user, sizeof journal->os_user, "uid %u", (unsigned)geteuid());
    if (ttyname_r(STDIN_FILENO, journal->tty, sizeof journal->tty) != 0)
        journal->tty[0] = '\0';
    snprintf(journal->origin, sizeof journal->origin, "%s", origin == NULL ? "" : origin);
    if (gethostname(journal->host, sizeof journal->host) != 0)
        journal->host[0] = '\0';
    journal->host[sizeof journal->host - 1] = '\0';
}

struct journal *journal_open(const char *path, const char *webcode, enum env env,
                             const struct journal_settings *settings, struct changes *changes,
                             struct err *err)
{
    struct db_spec spec = {.path = path,
                           .flavour = DB_JOURNAL,
                           .application_id = JOURNAL_APPLICATION_ID,
                           .webcode = webcode,
                           .env = env,
                           .version = JOURNAL_VERSION,
                           .steps = journal_steps,
                           .carry = journal_carry};
    struct journal *journal = mem_alloc(sizeof *journal);
    const char *person = settings->person;

    if (sodium_init() < 0) {
        free(journal);
        err_set(err, ERR_SYSTEM, "libsodium cannot start");
        return NULL;
    }
    learn_who(journal);
    journal->person = mem_strdup(person != NULL && person[0] != '\0' ? person : journal->os_user);
    journal->version = mem_strdup(settings->version == NULL ? "?" : settings->version);
    journal->webcode = mem_strdup(webcode);
    journal->env = env;
    journal->changes = changes;
    journal->quiet_charge_ms = QUIET_CHARGE_MS;
    journal->quiet_modification_ms = QUIET_MODIFICATION_MS;
    spec.ctx = journal;
    journal->db = db_open(&spec, err);
    if (journal->db != NULL && db_check(journal->db, true, err))
        journal->owner = owner_new(path, err);
    if (journal->owner != NULL)
        return journal;
    journal_close(journal);
    return NULL;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    db_close(journal->db);
    owner_free(journal->owner);
    free(journal->notes);
    journal_forget_unwritten(journal);
    free(journal->person);
    free(journal->version);
    free(journal->webcode);
    free(journal);
}

bool journal_usable(const struct journal *journal, struct err *err)
{
    if (journal->trouble.code == ERR_NONE && !db_is_broken(journal->db))
        return true;
    return err_set(err, ERR_STORAGE, "no more money is moved since: %s",
                   journal->trouble.code == ERR_NONE ? "the file could not be read"
                                                     : journal->trouble.detail);
}

/* --- one write ------------------------------------------------------------------------------- */

/* Then nothing has come to harm: nothing was begun, or all of it was rolled back. */
static bool is_only_busy(const struct journal *journal, const struct err *err)
{
    return err->code != ERR_DATA && db_was_busy(journal->db) && !db_is_broken(journal->db);
}

/* Its trouble latches, but for a file that was only busy. */
static bool write_failed(struct journal *journal, struct err *err)
{
    if (is_only_busy(journal, err))
        return err_set(err, ERR_CONFLICT, "another console has kept the journal for 10 seconds");
    if (err->code == ERR_STORAGE || err->code == ERR_DATA || db_is_broken(journal->db))
        journal->trouble = *err;
    return false;
}

bool journal_write_lock(struct journal *journal, struct err *err)
{
    if (!journal_usable(journal, err))
        return false;
    if (!db_begin(journal->db, err))
        return write_failed(journal, err);
    return true;
}

static bool does_not_hold(struct journal *journal, struct err *err)
{
    err->code = ERR_STORAGE; /* of this machine: to be told apart from a strange answer */
    journal->trouble = *err;
    return false;
}

bool journal_write_trust(struct journal *journal, struct err *err)
{
    if (journal->verified)
        return true;
    journal->verified = journal_verify_rest(journal, err);
    if (!journal->verified) {
        db_rollback(journal->db);
        does_not_hold(journal, err);
    }
    return journal->verified;
}

bool journal_verify_ahead(struct journal *journal, struct err *err)
{
    bool more = !journal->verified && journal_usable(journal, NULL);

    while (more)
        if (!journal_verify_some(journal, &more, err))
            return is_only_busy(journal, err) ? write_failed(journal, err)
                                              : does_not_hold(journal, err);
    return true;
}

bool journal_verify_idle(struct journal *journal)
{
    bool more;
    struct err err = {0};

    if (journal->verified || !journal_usable(journal, NULL))
        return false;
    db_hurry(journal->db, true);
    bool good = journal_verify_some(journal, &more, &err);
    db_hurry(journal->db, false);
    if (good)
        return more;
    if (is_only_busy(journal, &err))
        return true;
    return does_not_hold(journal, &err);
}

bool journal_write_begin(struct journal *journal, struct err *err)
{
    return journal_verify_ahead(journal, err) && journal_write_lock(journal, err) &&
           journal_write_trust(journal, err);
}

/* Commits when all went well, else rolls back and keeps what went wrong. Trouble of the file, other
   than a refusal by constraint or trigger, latches. */
bool journal_write_end(struct journal *journal, bool good, struct err *err)
{
    if (good)
        good = db_commit(journal->db, err);
    else
        db_rollback(journal->db);
    if (!good)
        return write_failed(journal, err);
    if (journal->changes != NULL)
        changes_raise(journal->changes, CHANGED_JOURNAL);
    return true;
}

/* --- planned reads: known to this process only ----------------------------------------------- */

void journal_note_look(struct journal *journal, const char *id, int64_t at_ms)
{
    size_t i = 0;

    while (i < journal->note_count && strcmp(journal->notes[i].id, id) != 0)
        i++;
    if (i < journal->note_count && at_ms == 0)
        journal->notes[i] = journal->notes[--journal->note_count];
    if (at_ms == 0)
        return;
    if (i == journal->note_count) {
        journal->notes = mem_resize(journal->notes, ++journal->note_count, sizeof *journal->notes);
        snprintf(journal->notes[i].id, sizeof journal->notes[i].id, "%s", id);
    }
    journal->notes[i].at_ms = at_ms;
    if (journal->changes != NULL) /* a screen shows when the next look is due */
        changes_raise(journal->changes, CHANGED_JOURNAL);
}
