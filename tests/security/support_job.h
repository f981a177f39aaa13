/* A shell of the least kind, for consoles that are stopped and continued: it runs one program as
   the job in the foreground, tells when that stops, and goes on with it when told. */
#ifndef TESTS_SECURITY_SUPPORT_JOB_H
#define TESTS_SECURITY_SUPPORT_JOB_H

#include <stdbool.h>

/* What it says; JOB_SAYS_STOPPED when the terminal's settings are as before, else JOB_SAYS_RAW. */
#define JOB_SAYS_STARTED "JOB "
#define JOB_SAYS_STOPPED "STOPPED"
#define JOB_SAYS_RAW     "LEFT RAW"
/* True: this process was that shell (JOB_OF names the program in its environment), and has ended
   with the status of its job. A line "g" goes on with the job. */
bool job_played(char **argv, int *status);

#endif
