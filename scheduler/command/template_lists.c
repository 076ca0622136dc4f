#include "scheduler/command/template_lists.h"
#include "base/vec.h"

#include "base/banned.h"

struct template_options template_lists_options(const struct template_lists *lists)
{
    return (struct template_options){.sets = lists->sets.at,
                                     .n_sets = lists->sets.n,
                                     .lists = lists->lists.at,
                                     .n_lists = lists->lists.n,
                                     .files = lists->files.at,
                                     .n_files = lists->files.n};
}

void template_lists_release(struct template_lists *lists)
{
    vec_release(&lists->sets);
    vec_release(&lists->lists);
    vec_release(&lists->files);
}
