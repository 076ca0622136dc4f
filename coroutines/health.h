/* For the house: health says what nobody else can. */
#ifndef ROUSE_HEALTH_H
#define ROUSE_HEALTH_H

/* The scheduler cannot go on, since `why`: TOPIC_FAULT, and this member ends too. Twice, or while
 * everybody ends already: no effect. */
void health_fault(void *member, const char *why);

#endif
