/* Hash tables: uthash, with a hash function that every compiler takes without a warning (its own
 * default falls through cases). Include this instead of uthash.h. */
#ifndef ROUSE_BASE_TABLE_H
#define ROUSE_BASE_TABLE_H

#include "base/check.h"

#ifndef HASH_FUNCTION
#define HASH_FUNCTION(key, n, hash) HASH_FNV(key, n, hash)
#endif
#ifndef uthash_fatal
#define uthash_fatal(message) IMPOSSIBLE(message)
#endif
#include <uthash.h>

#endif
