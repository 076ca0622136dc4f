/* See mail.h. A letter is written to a file in .service, which is removed when it is sent. */
#include "coroutines/mail.h"
#include "base/memory.h"
#include "scheduler/config/event_template.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

/* Seconds before each try to send a letter: a mail server that is away comes back. */
static const double tries[] = {0, 30, 300, 1800};
static const struct delays mail_delays = {.at = tries, .n = sizeof tries / sizeof *tries};

static const struct workflow *workflow_of(const struct mail *mail)
{
    return mail->host->context->workflow;
}

static bool is_set(const char *text)
{
    return text && *text;
}

/* --- composing --- */

static void add_footer(const struct mail *mail, const char *event, const char *message,
                       struct text *body)
{
    const struct cast_context *context = mail->host->context;
    struct event_values values;
    event_values_of_workflow(context, event, message, &values);
    text_addf(body, "\nworkflow: %s\nhost: %s\nport: %s\nowner: %s\n", context->workflow_id,
              context->host, event_values_find(&values, "port"), context->owner);
    const char *footer = workflow_of(mail)->mail.footer;
    struct text filled = {0};
    struct error error = {0};
    if (is_set(footer)) {
        if (event_template_fill(footer, false, values.pairs.at, values.pairs.n, &filled, NULL,
                                &error) == 0)
            text_addf(body, "\n%s\n", text_string(&filled));
        else
            text_addf(body, "\n%s\n(%s)\n", footer, error.text);
    }
    text_release(&filled);
    event_values_release(&values);
}

/* --- sending --- */

struct letter {
    const char *from, *to; /* empty or NULL: the workflow's */
    const char *subject, *body;
    const char *activity;
    uint64_t seq;
    const uint64_t *events;
    size_t n_events;
};

static const char *first_set(const char *a, const char *b, const char *c)
{
    return is_set(a) ? a : is_set(b) ? b : c;
}

/* By the SMTP server that is configured, or else by the machine's own mail program or server. The
 * file goes when the letter has gone. */
static void write_command(const struct mail *mail, const char *from, const char *to,
                          const char *file, struct text *out)
{
    const char *smtp = workflow_of(mail)->mail.smtp;
    if (!is_set(smtp)) {
        text_add(out, "PATH=$PATH:/usr/sbin\nif command -v sendmail >/dev/null; then\n"
                      "    sendmail -i -t <");
        shell_word_add(out, file);
        text_add(out, "\nelse\n    ");
    }
    text_add(out, "curl --silent --show-error --mail-from ");
    shell_word_add(out, from);
    for (const char *at = to; *at;) {
        size_t n = strcspn(at, ", ");
        char *one = str_copy_n(at, n);
        if (n) {
            text_add(out, " --mail-rcpt ");
            shell_word_add(out, one);
        }
        free(one);
        at += n + strspn(at + n, ", ");
    }
    text_add(out, " --upload-file ");
    shell_word_add(out, file);
    char *url = str_format("smtp://%s", is_set(smtp) ? smtp : "localhost");
    text_add_char(out, ' ');
    shell_word_add(out, url);
    free(url);
    text_add(out, is_set(smtp) ? " && rm -f " : "\nfi && rm -f ");
    shell_word_add(out, file);
}

static void write_letter(const struct mail *mail, const struct letter *letter, const char *from,
                         const char *to, struct text *out)
{
    const struct cast_context *context = mail->host->context;
    int64_t now = env_wall(context->env);
    time_t seconds = (time_t)(now / 1000000);
    struct tm tm;
    char date[64] = "";
    if (gmtime_r(&seconds, &tm))
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    text_addf(out,
              "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s.%" PRIu64 "@%s>\r\n"
              "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
              from, to, letter->subject, date, context->uuid, mail->n_sent, context->host);
    for (const char *at = letter->body; *at; at++) {
        if (*at == '\n')
            text_add_char(out, '\r');
        text_add_char(out, *at);
    }
}

static void order_letter(struct mail *mail, const struct letter *letter, const char *to,
                         const char *command)
{
    char *name = str_format("mail \"%s\" to %s", letter->subject, to);
    const struct handler_order order = {.name = name,
                                        .label = "('event-mail',)",
                                        .command = command,
                                        .activity = letter->activity,
                                        .delays = &mail_delays,
                                        .seq = letter->seq,
                                        .events = letter->events,
                                        .n_events = letter->n_events};
    handler_start(mail->host, &order);
    free(name);
}

static void send_letter(struct mail *mail, const struct letter *letter)
{
    const struct cast_context *context = mail->host->context;
    struct text command = {0}, text = {0};
    char *file =
        str_format("%s/.service/mail-%s-%" PRIu64, context->run_dir, context->uuid, ++mail->n_sent);
    char *sender = str_format("notifications@%s", context->host);
    const char *from = first_set(letter->from, workflow_of(mail)->mail.from, sender);
    const char *to = first_set(letter->to, workflow_of(mail)->mail.to, context->owner);
    write_letter(mail, letter, from, to, &text);
    write_command(mail, from, to, file, &command);
    int code = context->env->ops->file_write(context->env, file, text.at, text.n, ENV_PRIVATE);
    if (code < 0)
        env_logf(context->env, LOG_ERROR_LEVEL,
                 "cannot write %s: %s; it is tried again at the next start", file, strerror(-code));
    else
        order_letter(mail, letter, to, text_string(&command));
    free(sender);
    free(file);
    text_release(&text);
    text_release(&command);
}

static void mail_item_free(struct mail_item *item)
{
    free(item->job);
    free(item->event);
    free(item->message);
    free(item->from);
    free(item->to);
}

static bool is_same_letter(const struct mail_item *a, const struct mail_item *b)
{
    return strcmp(a->from, b->from) == 0 && strcmp(a->to, b->to) == 0;
}

static char *subject_of(const struct mail *mail, const struct mail_item *first, size_t n,
                        bool one_event)
{
    const char *workflow = mail->host->context->workflow_id;
    if (n == 1)
        return str_format("[%s %s] %s", first->job, first->event, workflow);
    return one_event ? str_format("[%zu tasks %s] %s", n, first->event, workflow)
                     : str_format("[%zu task events] %s", n, workflow);
}

/* The first item and all that go to the same address; they are taken off the list. */
static void send_first(struct mail *mail)
{
    VEC(struct mail_item) kept = {0}, taken = {0};
    VEC(uint64_t) ids = {0};
    struct text body = {0};
    bool one_event = true;
    uint64_t seq = 0;
    VEC_EACH (struct mail_item, item, &mail->items) {
        if (!is_same_letter(item, &mail->items.at[0])) {
            *vec_push(&kept) = *item;
            continue;
        }
        one_event &= strcmp(item->event, mail->items.at[0].event) == 0;
        seq = item->seq > seq ? item->seq : seq;
        text_addf(&body, "event: %s\njob: %s\nmessage: %s\n\n", item->event, item->job,
                  item->message);
        *vec_push(&ids) = item->id;
        *vec_push(&taken) = *item;
    }
    const struct mail_item *first = &taken.at[0];
    char *subject = subject_of(mail, first, taken.n, one_event);
    char *activity = str_format("%s/log/scheduler/log", mail->host->context->run_dir);
    add_footer(mail, first->event, first->message, &body);
    const struct letter letter = {first->from, first->to, subject, text_string(&body),
                                  activity,    seq,       ids.at,  ids.n};
    send_letter(mail, &letter);
    free(subject);
    free(activity);
    text_release(&body);
    vec_release(&ids);
    VEC_EACH (struct mail_item, item, &taken)
        mail_item_free(item);
    vec_release(&taken);
    free(mail->items.at);
    mail->items.at = kept.at;
    mail->items.n = kept.n;
    mail->items.capacity = kept.capacity;
}

void mail_send(struct mail *mail)
{
    struct env *env = mail->host->context->env;
    env->ops->timer_stop(env, &mail->timer);
    mail->timer.fired = false;
    while (mail->items.n)
        send_first(mail);
}

void mail_of_workflow(struct mail *mail, const char *event, const char *message)
{
    struct text body = {0};
    text_addf(&body, "event: %s\nmessage: %s\n", event, message);
    add_footer(mail, event, message, &body);
    char *subject = str_format("[workflow %s] %s", event, mail->host->context->workflow_id);
    char *activity = str_format("%s/log/scheduler/log", mail->host->context->run_dir);
    send_letter(mail, &(struct letter){
                          .subject = subject, .body = text_string(&body), .activity = activity});
    free(subject);
    free(activity);
    text_release(&body);
}

/* --- gathering --- */

void mail_add(struct mail *mail, const struct runtime *runtime, const struct message *event,
              struct co *co)
{
    const struct cast_context *context = mail->host->context;
    const struct task_def *task = &context->workflow->tasks[event->task];
    char point[POINT_TEXT_MAX];
    point_format(context->workflow->cycling, event->point, point);
    *vec_push(&mail->items) = (struct mail_item){
        .job = str_format("%s/%s/%02u", point, task->name, event->submit),
        .event = slice_copy(event->text),
        .message = event->detail.n ? slice_copy(event->detail)
                                   : str_format("job %.*s", (int)event->text.n, event->text.at),
        .from = str_copy(is_set(runtime->mail_from) ? runtime->mail_from : ""),
        .to = str_copy(is_set(runtime->mail_to) ? runtime->mail_to : ""),
        .id = event->id,
        .seq = event->seq};
    if (mail->items.n == 1)
        context->env->ops->timer_start(context->env, &mail->timer, co,
                                       (uint64_t)(workflow_of(mail)->mail.batch_interval * 1e6));
}

void mail_init(struct mail *mail, struct handler_host *host)
{
    mail->host = host;
}

void mail_release(struct mail *mail)
{
    struct env *env = mail->host->context->env;
    env->ops->timer_stop(env, &mail->timer);
    VEC_EACH (struct mail_item, item, &mail->items)
        mail_item_free(item);
    vec_release(&mail->items);
}
