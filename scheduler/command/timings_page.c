/* See timings_page.h. Drawings are SVG in the page: a line from the least to the greatest value, a
 * box from the first to the third quartile, a mark at the median. */
#include "scheduler/command/timings_page.h"

#include "base/banned.h"

enum { WIDTH = 480, HEIGHT = 18, FIGURES = 3 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
static const char style[] =
    "</title>\n<style>\nbody { font-family: sans-serif; margin: 2em; }\n"
    "table { border-collapse: collapse; }\n"
    "th, td { padding: 0.2em 0.8em; text-align: right; border-bottom: 1px solid #ddd; }\n"
    "th:first-child, td:first-child { text-align: left; }\n"
    "rect { fill: #9cc4e4; }\nline { stroke: #444; }\nline.median { stroke: #c00; stroke-width: 2; "
    "}\n</style>\n</head>\n<body>\n";

static void add_escaped(struct text *out, const char *plain)
{
    for (; *plain; plain++) {
        if (*plain == '<')
            text_add(out, "&lt;");
        else if (*plain == '>')
            text_add(out, "&gt;");
        else if (*plain == '&')
            text_add(out, "&amp;");
        else if (*plain == '"')
            text_add(out, "&quot;");
        else
            text_add_char(out, *plain);
    }
}

double timings_quantile(const double *sorted, size_t n, double part)
{
    size_t at = (size_t)((double)n * part);
    return sorted[at < n ? at : n - 1];
}

static double place(double value, double longest)
{
    return longest > 0 ? value / longest * WIDTH : 0;
}

static void add_drawing(struct text *out, const double *sorted, size_t n, double longest)
{
    double low = place(timings_quantile(sorted, n, 0.25), longest);
    double high = place(timings_quantile(sorted, n, 0.75), longest);
    double median = place(timings_quantile(sorted, n, 0.5), longest);
    text_addf(out,
              "<svg width=\"%d\" height=\"%d\" role=\"img\">"
              "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
              "<rect x=\"%.1f\" width=\"%.1f\" y=\"3\" height=\"%d\"/>"
              "<line class=\"median\" x1=\"%.1f\" x2=\"%.1f\" y1=\"1\" y2=\"%d\"/></svg>",
              WIDTH + 4, HEIGHT, place(sorted[0], longest) + 2, place(sorted[n - 1], longest) + 2,
              HEIGHT / 2, HEIGHT / 2, low + 2, high - low + 1, HEIGHT - 6, median + 2, median + 2,
              HEIGHT - 1);
}

static void add_row(struct text *out, const struct task_timings *task, const double *sorted,
                    double longest)
{
    double sum = 0;
    for (size_t i = 0; i < task->n; i++)
        sum += sorted[i];
    text_add(out, "<tr><td>");
    add_escaped(out, task->name);
    text_addf(out, "</td><td>%zu</td>", task->n);
    for (int quarter = 0; quarter < 5; quarter++)
        text_addf(out, "<td>%.0f</td>", timings_quantile(sorted, task->n, quarter / 4.0));
    text_addf(out, "<td>%.1f</td><td>", sum / (double)task->n);
    add_drawing(out, sorted, task->n, longest);
    text_add(out, "</td></tr>\n");
}

static const double *values_of(const struct task_timings *task, int figure)
{
    return figure == 0 ? task->queued : figure == 1 ? task->run : task->total;
}

static void add_table(struct text *out, const struct task_timings *tasks, size_t n, int figure)
{
    static const char *const titles[FIGURES] = {"Queued: from submission to start",
                                                "Run: from start to end",
                                                "Total: from submission to end"};
    double longest = 0;
    for (size_t i = 0; i < n; i++) {
        double last = values_of(&tasks[i], figure)[tasks[i].n - 1];
        longest = last > longest ? last : longest;
    }
    text_addf(
        out,
        "<h2>%s</h2>\n<table>\n<tr><th>task</th><th>jobs</th><th>least</th><th>25%%</th>"
        "<th>median</th><th>75%%</th><th>longest</th><th>mean</th><th>0 to %.0f s</th></tr>\n",
        titles[figure], longest);
    for (size_t i = 0; i < n; i++)
        add_row(out, &tasks[i], values_of(&tasks[i], figure), longest);
    text_add(out, "</table>\n");
}

void timings_page(const char *workflow, const struct task_timings *tasks, size_t n,
                  struct text *out)
{
    text_add(out, head);
    add_escaped(out, workflow);
    text_add(out, style);
    text_add(out, "<h1>");
    add_escaped(out, workflow);
    text_add(out, "</h1>\n<p>Jobs that succeeded; times in seconds. The line reaches from the "
                  "least to the longest time, the box holds the middle half of the jobs, the mark "
                  "is the median.</p>\n");
    for (int figure = 0; figure < FIGURES; figure++)
        add_table(out, tasks, n, figure);
    text_add(out, "</body>\n</html>\n");
}
