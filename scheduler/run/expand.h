/* Paths as users write them in global.cylc: "~/x", "$DIR/x", "${DIR}/x". */
#ifndef ROUSE_EXPAND_H
#define ROUSE_EXPAND_H

/* With the values of HOME and of the environment; a variable that is not set stays as it is. Heap.
 */
char *path_expand(const char *text);

#endif
