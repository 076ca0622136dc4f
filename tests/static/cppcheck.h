/* What cppcheck has to know of headers that it does not read. */
#define HASH_ITER(hh, head, item, next) for (item = head, next = 0; item; item = next)
