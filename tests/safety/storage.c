/* Storage trouble: each call of the real program that touches its files fails, once or from then
   on, in each of the operations and in recovery. After that no request that moves money may leave,
   the person must be told what it means in plain words, nothing may be lost, and a later start must
   settle all. Trouble of the cache must never become trouble with money. */
#include <stdio.h>

#include "support_storage.h"

/* A program that sends although its journal failed must be seen: else this check sees nothing. */
static int run_control(const struct rig_options *options, const char *self)
{
    struct storage storage = {.options = *options, .quiet = true};
    char program[700];

    if (!storage_open(&storage, self))
        return -1;
    snprintf(program, sizeof program, "%s/control-send-anyway", storage.rig.build);
    storage.program = program;
    for (int call = 40; call < 120 && storage.violations < 3; call += 10)
        storage_fault(&storage, OP_CHARGE, call);
    storage_close(&storage);
    return storage.violations;
}

int main(int argc, char **argv)
{
    struct storage storage = {0};

    setlinebuf(stdout);
    if (!rig_read_options(&storage.options, argc, argv) || !storage_open(&storage, argv[0]))
        return 2;
    storage_faults(&storage);
    if (storage.options.only == NULL)
        storage_disks(&storage);
    storage_close(&storage);
    int control = storage.options.only == NULL ? run_control(&storage.options, argv[0]) : 1;
    if (control == 0)
        printf("VIOLATION storage: a program that sends all the same was not noticed\n");
    printf("= storage faults: %d\n= POSTs after a storage fault: %d\n= storage violations: %d\n"
           "= control that sends after a fault, violations: %d\n",
           storage.faults, storage.posts_after, storage.violations, control);
    if (rig_interrupted() || control < 0)
        return 2;
    return storage.violations > 0 || control == 0;
}
