/* Keys: made with the right permissions, read back, damaged ones refused. */
#include "base/memory.h"
#include "scheduler/net/keys.h"
#include "scheduler/run/rundir.h"
#include "tests/lib/home.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#include "base/banned.h"

struct fixture {
    char *home, *run_dir;
};

static int set_up(void **state)
{
    struct fixture *f = NEW(struct fixture);
    struct error error = {0};
    f->home = home_make();
    f->run_dir = str_format("%s/cylc-run/flow", f->home);
    assert_int_equal(directory_make(f->run_dir, &error), 0);
    assert_int_equal(rundir_prepare(f->run_dir, &error), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    home_remove(f->home);
    free(f->run_dir);
    free(f);
    return 0;
}

static unsigned mode_of(const struct fixture *f, const char *name)
{
    struct stat status;
    char *path = str_format("%s/.service/%s", f->run_dir, name);
    assert_int_equal(stat(path, &status), 0);
    free(path);
    return status.st_mode & 0777;
}

static void secret_keys_are_readable_by_their_owner_only(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(keys_create(f->run_dir, &error), 0);
    assert_int_equal(mode_of(f, "server.key_secret"), 0600);
    assert_int_equal(mode_of(f, "client.key_secret"), 0600);
}

static void the_clients_key_fits_the_servers(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct client_keys client;
    struct key_pair server;
    char public_key[KEY_TEXT_SIZE];
    assert_int_equal(keys_create(f->run_dir, &error), 0);
    assert_int_equal(keys_read_server(f->run_dir, &server, &error), 0);
    assert_int_equal(keys_read_client(f->run_dir, &client, &error), 0);
    assert_string_equal(client.server, server.public_key);
    assert_int_equal(zmq_curve_public(public_key, server.secret_key), 0);
    assert_string_equal(public_key, server.public_key);
    assert_int_equal(zmq_curve_public(public_key, client.own.secret_key), 0);
    assert_string_equal(public_key, client.own.public_key);
}

static void new_keys_replace_old_ones(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct key_pair before, after;
    assert_int_equal(keys_create(f->run_dir, &error), 0);
    assert_int_equal(keys_read_server(f->run_dir, &before, &error), 0);
    assert_int_equal(keys_create(f->run_dir, &error), 0);
    assert_int_equal(keys_read_server(f->run_dir, &after, &error), 0);
    assert_string_not_equal(before.public_key, after.public_key);
    assert_false(home_has(f->run_dir, ".service/server.key.new"));
}

static void only_listed_clients_are_known(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct client_keys client;
    struct known_keys known = {0};
    uint8_t key[KEY_BYTES];
    assert_int_equal(keys_create(f->run_dir, &error), 0);
    assert_int_equal(keys_read_client(f->run_dir, &client, &error), 0);
    home_write(f->run_dir, ".service/client_public_keys/broken.key", "no certificate\n");
    home_write(f->run_dir, ".service/client_public_keys/notes.txt", "curve\n");
    known_keys_read(f->run_dir, &known);
    assert_int_equal(known.n, 1);
    assert_non_null(zmq_z85_decode(key, client.own.public_key));
    assert_true(known_keys_have(&known, key));
    key[0] ^= 1;
    assert_false(known_keys_have(&known, key));
    known_keys_release(&known);
}

/* The form pyzmq and CZMQ write. */
static void a_certificate_of_another_program_is_read(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct key_pair pair;
    home_write(f->run_dir, "x.key",
               "#   a comment with public-key = \"no\"\n\n"
               "metadata\n    name = \"x\"\ncurve\n"
               "    public-key = \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"\n"
               "    secret-key = \"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\"\n");
    char *path = str_format("%s/x.key", f->run_dir);
    assert_int_equal(key_read(path, true, &pair, &error), 0);
    assert_string_equal(pair.public_key, "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
    assert_string_equal(pair.secret_key, "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs");
    free(path);
}

static void a_damaged_certificate_is_refused_by_name(void **state)
{
    static const char *const damaged[] = {
        "",
        "curve\n",
        "\ncurve\n    public-key = \"too short\"\n",
        "\ncurve\n    public-key = \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n",
        "\nmetadata\n    public-key = \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"\n",
        "\ncurve\n    public-key = \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"\n", /* no secret */
    };
    struct fixture *f = *state;
    char *path = str_format("%s/x.key", f->run_dir);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        struct error error = {0};
        struct key_pair pair = {.public_key = "untouched"};
        home_write(f->run_dir, "x.key", damaged[i]);
        assert_int_equal(key_read(path, true, &pair, &error), -EINVAL);
        assert_non_null(strstr(error.text, path));
        assert_string_equal(pair.public_key, "untouched");
    }
    free(path);
}

static void missing_keys_are_told_apart(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    struct client_keys keys;
    assert_int_equal(keys_read_client(f->run_dir, &keys, &error), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secret_keys_are_readable_by_their_owner_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_clients_key_fits_the_servers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(new_keys_replace_old_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_listed_clients_are_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_of_another_program_is_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_certificate_is_refused_by_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(missing_keys_are_told_apart, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
