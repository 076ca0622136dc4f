/* Included by every .c file that is not allowed to touch the world: what would make a run depend on
 * when or where it happens is a compile error. The exceptions are listed in tests/static/layers. */
#ifndef ROUSE_BASE_BANNED_H
#define ROUSE_BASE_BANNED_H

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets
#ifndef ROUSE_TOUCHES_THE_WORLD
#pragma GCC poison rand srand getpid sleep usleep nanosleep system popen
#endif

#endif
