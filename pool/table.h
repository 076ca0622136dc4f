/* uthash as the pool uses it: its default hash falls through switch labels, which is an error
 * here. */
#ifndef ROUSE_POOL_TABLE_H
#define ROUSE_POOL_TABLE_H

#ifndef HASH_FUNCTION
#define HASH_FUNCTION(key, n, hash) HASH_FNV(key, n, hash)
#endif
#include <uthash.h>

#endif
