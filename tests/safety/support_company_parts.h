/* The parts of tests/safety/company.c that have files of their own. */
#ifndef TESTS_SAFETY_SUPPORT_COMPANY_PARTS_H
#define TESTS_SAFETY_SUPPORT_COMPANY_PARTS_H

#include "support_company.h"

/* Eight processes make the same journal and cache at the same instant. */
void company_births(struct company *company);
/* Eight processes write into one journal: nothing is lost or done twice. */
void company_transitions(struct company *company);
/* Consoles at which nobody presses a key show what others do. */
void company_consoles(struct company *company);

#endif
