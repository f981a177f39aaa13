/* Storage trouble: each call of the real program that touches its files fails, once or from then
   on, in each of the operations and in recovery. After that no request that moves money may leave,
   the person must be told what it means in plain words, nothing may be lost, and a later start must
   settle all. Trouble of the cache must never become trouble with money. */
#include <stdio.h>
#include <string.h>

#include "support_storage.h"

/* --- controls: programs that do it wrong, which must be seen --------------------------------- */

static void sends_anyway(struct storage *storage)
{
    for (int call = 40; call < 120 && storage->violations < 3; call += 10)
        storage_fault(storage, OP_CHARGE, call);
}

static const struct {
    const char *program, *what;
    void (*run)(struct storage *storage);
} controls[] = {
    {"control-send-anyway", "sends after a fault", sends_anyway},
    {"control-no-latch", "forgets a fault", storage_screen_latches},
};

/* The exit status. */
static int run_control(const struct rig_options *options, const char *self, size_t number)
{
    struct storage storage = {.options = *options, .quiet = true};
    char program[700];

    if (!storage_open(&storage, self))
        return 2;
    snprintf(program, sizeof program, "%s/%s", storage.rig.build, controls[number].program);
    storage.program = program;
    controls[number].run(&storage);
    storage_close(&storage);
    if (storage.violations == 0)
        printf("VIOLATION storage: a program that %s was not noticed\n", controls[number].what);
    printf("= control that %s, violations: %d\n", controls[number].what, storage.violations);
    return storage.violations == 0;
}

int main(int argc, char **argv)
{
    struct storage storage = {0};

    setlinebuf(stdout);
    if (!rig_read_options(&storage.options, argc, argv) || !storage_open(&storage, argv[0]))
        return 2;
    const char *only = storage.options.only == NULL ? "" : storage.options.only;
    bool all = only[0] == '\0', disks = strcmp(only, "disks") == 0;
    bool screens = strcmp(only, "screens") == 0;
    if (!disks && !screens)
        storage_faults(&storage);
    if (all || disks)
        storage_disks(&storage);
    if (all || screens)
        storage_screens(&storage);
    storage_close(&storage);
    if (storage.faults < (!all ? 1 : storage.options.full ? 1000 : 50) && !rig_interrupted()) {
        printf("VIOLATION storage: only %d faults struck\n", storage.faults);
        storage.violations++;
    }
    int status = storage.violations > 0;
    for (size_t i = 0; all && i < COUNT_OF(controls) && !rig_interrupted(); i++) {
        int control = run_control(&storage.options, argv[0], i);
        status = control > status ? control : status;
    }
    printf("= storage faults: %d\n= POSTs after a storage fault: %d\n= storage violations: %d\n",
           storage.faults, storage.posts_after, storage.violations);
    if (rig_interrupted())
        fprintf(stderr, "storage: interrupted\n");
    return rig_interrupted() ? 2 : status;
}
