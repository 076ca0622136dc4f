/* A shared object that is no plugin. */
#include "base/banned.h"

int something_else(void);
int something_else(void)
{
    return 0;
}
