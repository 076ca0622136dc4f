/* The process that calls one plugin in C for the scheduler, see host_c.h. */
#ifndef ROUSE_XTRIGGERS_HOST_C_MAIN_H
#define ROUSE_XTRIGGERS_HOST_C_MAIN_H

/* Serves the shared object `path` over descriptor 3 until that ends; then the whole process group
 * is ended, if it is ours. Returns an exit status if the plugin cannot be loaded, with the reason
 * on stderr, and if descriptor 3 is nothing we can talk to. */
int host_c_main(const char *path);

#endif
