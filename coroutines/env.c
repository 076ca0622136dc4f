/* Conveniences on top of the table of functions. */
#include "coroutines/env.h"
#include "base/text.h"

#include "base/banned.h"

void env_logf(struct env *env, enum log_level level, const char *format, ...)
{
    struct text line = {0};
    va_list args;
    va_start(args, format);
    text_vaddf(&line, format, args);
    va_end(args);
    env->ops->log(env, level, text_string(&line));
    text_release(&line);
}
