#include "scheduler/job/polling.h"

#include "base/banned.h"

static double delay(const struct delays *delays, uint32_t i)
{
    return delays->at[i < delays->n ? i : delays->n - 1];
}

static double take(struct polling *polling, double seconds)
{
    polling->next++;
    polling->elapsed += seconds;
    return seconds;
}

double polling_next(struct polling *polling)
{
    const struct delays *now = polling->beyond ? &polling->after_limit : &polling->intervals;
    double next = now->n ? delay(now, polling->next) : -1;
    if (polling->limit <= 0 || polling->beyond)
        return now->n ? take(polling, next) : -1;
    if (now->n && polling->elapsed + next <= polling->limit)
        return take(polling, next);
    polling->beyond = true;
    polling->next = 0;
    if (!polling->after_limit.n)
        return -1;
    return take(polling, polling->limit - polling->elapsed + delay(&polling->after_limit, 0));
}
