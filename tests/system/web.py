"""The http xtrigger: URLs that are asked, webhooks that are received."""
import concurrent.futures
import http.server
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

import common
from common import flow

os.environ['no_proxy'] = '127.0.0.1'  # whatever the tests run behind

JOBS = '    [[a, b, c]]\n        script = env\n'


class Server:
    """On a port of its own; what it answers may change. Remembers what it was asked."""

    def __init__(self):
        self.answer = (404, b'not yet')
        self.delay = 0
        self.asked = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                server.asked.append((self.command, self.path, dict(self.headers), body))
                time.sleep(server.delay)
                status, content = server.answer
                self.send_response(status)
                self.send_header('Content-Length', str(len(content)))
                if status == 302:
                    self.send_header('Location', '/elsewhere')
                    server.answer = (200, b'here')
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PUT = do_GET

            def log_message(self, *_):
                pass

        self.httpd = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.httpd.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.httpd.server_port}/'
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as probe:
        return probe.getsockname()[1]


def post(url, data, secret=None, kind=None, limit=20):
    """Status and text of the answer."""
    headers = {'Content-Type': kind or 'application/json'}
    if secret:
        headers['Authorization'] = f'Bearer {secret}'
    request = urllib.request.Request(url, data.encode() if isinstance(data, str) else data, headers, method='POST')
    try:
        with urllib.request.urlopen(request, timeout=limit) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class Web(common.SystemTest):
    def one(self, name, xtriggers, graph='@x => a', files=None):
        lines = ''.join(f'        {line}\n' for line in xtriggers.splitlines())
        return self.world.install(name, flow(graph, JOBS, scheduling='    [[xtriggers]]\n' + lines), files)

    def environment(self, name, variable, task='1/a'):
        out = (self.world.run_dir(name) / f'log/job/{task}/01/job.out').read_text()
        found = [line for line in out.splitlines() if line.startswith(variable + '=')]
        return found[0].split('=', 1)[1] if found else None

    def why(self, name, task, text, limit=20):
        self.world.wait(f'"{text}"', lambda: text in self.world.rouse('why', f'{name}//{task}').out, limit)

    def hooks(self, name, port=0):
        path = self.world.run_dir(name) / f'.service/hooks-{port}'
        self.world.wait(f'{path.name}', path.exists)
        return path.read_text().strip()


class Asked(Web):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)

    def test_a_url_is_asked_until_it_is_there(self):
        self.one('w', f'x = http("{self.server.url}data/%(point)s"):PT0.2S')
        self.world.play('w')
        self.world.wait('three questions', lambda: len(self.server.asked) >= 3)
        self.assertEqual('waiting', self.world.status('w', '1/a'))
        self.server.answer = (200, b'some text')
        self.world.wait_end('w', 20)
        self.all_succeeded('w', 1)
        self.assertEqual(('200', 'some text'), (self.environment('w', 'x_status'), self.environment('w', 'x_content')))
        method, path, headers, _ = self.server.asked[0]
        self.assertEqual(('GET', '/data/1'), (method, path))
        self.assertTrue(headers['User-Agent'].startswith('rouse/'))

    def test_a_member_of_the_answer(self):
        self.server.answer = (200, b'{"runs": [{"state": "running", "id": 7}]}')
        self.one('w', f'x = http("{self.server.url}", json=runs.0.state, equals=done):PT0.2S\n'
                      f'y = http("{self.server.url}", json=runs.0.id)', '@x => a\n            @y => b')
        self.world.play('w')
        self.world.wait_status('w', '1/b', 'succeeded')
        self.assertEqual('7', self.environment('w', 'y_value', '1/b'))
        self.assertEqual('waiting', self.world.status('w', '1/a'))
        self.server.answer = (200, b'{"runs": [{"state": "done"}]}')
        self.world.wait_end('w', 20)
        self.assertEqual('done', self.environment('w', 'x_value'))

    def test_what_is_sent(self):
        self.server.answer = (201, b'made')
        self.one('w', f'x = http("{self.server.url}", status=201, method=PUT, body="a=1", header="@token")',
                 files={'token': 'X-Token: abc\nX-Other: 2\n'})
        self.done(self.world.rouse('play', '--no-detach', 'w'))
        [(method, _, headers, body)] = self.server.asked
        self.assertEqual(('PUT', b'a=1', 'abc', '2'), (method, body, headers['X-Token'], headers['X-Other']))

    def test_redirects_are_followed(self):
        self.server.answer = (302, b'')
        self.one('w', f'x = http("{self.server.url}", contains=here)')
        self.done(self.world.rouse('play', '--no-detach', 'w'))
        self.assertEqual('here', self.environment('w', 'x_content'))

    def test_faults_are_told(self):
        self.server.answer = (200, b'x' * (1024 * 1024 + 1))
        self.one('w', f'x = http("http://127.0.0.1:{free_port()}/")\ny = http("{self.server.url}")\n'
                      f'z = http("{self.server.url.replace("http:", "https:")}")',
                 '@x => a\n            @y => b\n            @z => c')
        self.world.play('w')
        self.why('w', '1/a', "Couldn't connect to server")
        self.why('w', '1/b', 'the answer is larger than 1 MiB')
        self.why('w', '1/c', 'last error: https://')
        self.done(self.world.rouse('stop', '--now', 'w'))
        self.world.wait_end('w')

    def test_a_server_that_hangs_holds_up_nobody(self):
        self.server.delay = 60
        self.one('w', f'x = http("{self.server.url}", timeout=1)\ny = echo(succeed=True)', '@x => a\n            @y => b => c')
        self.world.play('w')
        self.world.wait_status('w', '1/c', 'succeeded', 20)
        self.why('w', '1/a', 'timed out')
        begin = time.monotonic()
        self.done(self.world.rouse('stop', '--now', 'w'))
        self.world.wait_end('w')
        self.assertLess(time.monotonic() - begin, 10)

    def test_many_urls_at_once(self):
        self.server.answer, self.server.delay = (200, b'yes'), 0.05
        self.world.install('w', flow('@x => t<i>', scheduling=f"""
    [[xtriggers]]
        x = http("{self.server.url}%(name)s")""", top='[task parameters]\n    i = 1..100\n',
                                     runtime='    [[t<i>]]\n        run mode = skip\n'))
        self.done(self.world.rouse('play', '--no-detach', 'w'))
        self.all_succeeded('w', 100)
        self.assertEqual(100, len(self.server.asked))

    def test_bad_arguments_do_not_validate(self):
        for arguments, text in (('', 'either `url` or `hook`'), ('"ftp://h/"', '`url` must begin'),
                                ('"http://h/", status=2', '`status`'), ('"http://h/", equals=1', '`equals` needs'),
                                ('"http://h/", hook=a', 'either'), ('"http://h/", port=1', 'belong to a `hook`'),
                                ('hook="/a"', '`hook` must'), ('hook=a, port=70000', '`port` must'),
                                ('hook=a, bind=localhost', '`bind` must'), ('hook=a, status=200', 'only `port`'),
                                ('"http://h/", header=x', '`header` must'), ('"http://h/", methods=x', 'no argument'),
                                ('"http://h/", timeout=0', '`timeout` must')):
            source = self.world.home / 'source/v'
            source.mkdir(parents=True, exist_ok=True)
            text_of = flow('@x => a', scheduling=f'    [[xtriggers]]\n        x = http({arguments})')
            (source / 'flow.cylc').write_text(text_of)
            line = text_of[:text_of.index('x = http')].count('\n') + 1
            self.refused(self.world.rouse('validate', source), 1, text, f'flow.cylc:{line}:')


class Received(Web):
    def test_a_message_satisfies_and_its_members_are_results(self):
        self.one('w', 'x = http(hook="data/%(point)s")\ny = http(hook=form)\nz = http(hook=raw)',
                 '@x => a\n            @y => b\n            @z => c')
        self.world.play('w')
        url = self.hooks('w')
        self.why('w', '1/c', 'waits for xtrigger @z')
        self.assertEqual((404, 'nobody waits for /data/2\n'), post(url + 'data/2', '{}'))
        self.assertEqual((400, 'this is no JSON'), (lambda s, t: (s, t[:15]))(*post(url + 'data/1', '{"n"')))
        self.assertEqual((200, 'received\n'), post(url + 'data/1', '{"n": 5, "text": "a b", "deep": {"x": [1]}}'))
        self.assertEqual(200, post(url + 'form', 'n=6&text=a+b%21', kind='application/x-www-form-urlencoded')[0])
        self.assertEqual(200, post(url + 'raw', 'anything', kind='text/plain')[0])
        self.world.wait_end('w', 20)
        self.all_succeeded('w', 3)
        self.assertEqual(['5', 'a b', '{"x":[1]}'],
                         [self.environment('w', f'x_{key}') for key in ('n', 'text', 'deep')])
        self.assertEqual(['6', 'a b!'], [self.environment('w', f'y_{key}', '1/b') for key in ('n', 'text')])
        self.assertEqual('anything', self.environment('w', 'z_content', '1/c'))

    def test_what_is_acknowledged_is_committed(self):
        world = self.world
        for round_ in range(3):
            name = f'w{round_}'
            self.one(name, 'x = http(hook=x)')
            world.play(name)
            self.assertEqual(200, post(self.hooks(name) + 'x', '{"n": 1}')[0])
            world.kill(name)
            rows = world.rows(name, 'SELECT signature FROM xtriggers')
            self.assertEqual([('http(hook=x)',)], rows)
            world.play(name)  # nothing is posted again
            world.wait_end(name, 20)
            self.all_succeeded(name, 1)

    def test_the_port_stays_over_a_restart(self):
        self.one('w', 'x = http(hook=x)')
        self.world.play('w')
        url = self.hooks('w')
        self.world.kill('w')
        self.world.play('w')
        self.world.wait('the hook', lambda: self.is_open(url))
        self.assertEqual(url, self.hooks('w'))
        self.assertEqual(200, post(url + 'x', '{}')[0])
        self.world.wait_end('w', 20)

    def is_open(self, url):
        try:
            return post(url + 'nothing', '{}')[0] == 404
        except OSError:
            return False

    def test_secrets(self):
        self.one('w', 'x = http(hook=x, secret="@secret")', files={'secret': 'very secret\n'})
        self.world.play('w')
        url = self.hooks('w') + 'x'
        for wrong in (None, 'wrong', 'very secreT', 'very secret ' * 3, 'very'):
            self.assertEqual(401, post(url, '{}', wrong)[0], wrong)
        self.assertNotIn('very secret', self.world.rouse('show', 'w//1/a').out)
        self.assertEqual(200, post(url, '{}', 'very secret')[0])
        self.world.wait_end('w', 20)

    def test_sizes_and_methods(self):
        self.one('w', 'x = http(hook=x)')
        self.world.play('w')
        url = self.hooks('w') + 'x'
        self.assertEqual(413, post(url, b'y' * (64 * 1024 + 1))[0])
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url, timeout=10)
        refused.exception.close()
        self.assertEqual(405, refused.exception.code)
        self.assertEqual(200, post(url, b'y' * (64 * 1024), kind='text/plain')[0])
        self.world.wait_end('w', 20)
        self.assertEqual(4096, len(self.environment('w', 'x_content')))

    def test_hooks_share_a_port_and_a_port_in_use_is_told(self):
        port = free_port()
        with socket.create_server(('127.0.0.1', port)):
            self.one('w', f'x = http(hook=one, port={port}):PT0.5S\ny = http(hook=two, port={port}):PT0.5S',
                     '@x => a\n            @y => b')
            self.world.play('w')
            self.why('w', '1/a', f'cannot listen at 127.0.0.1 port {port}: Address already in use')
        url = self.hooks('w', port)
        self.assertEqual(f'http://127.0.0.1:{port}/', url)
        self.assertEqual(200, self.posted(url + 'one'))
        self.assertEqual(200, self.posted(url + 'two'))
        self.world.wait_end('w', 20)

    def posted(self, url):
        self.world.wait('somebody who waits', lambda: self.is_open(url.rsplit('/', 1)[0] + '/'))
        status = []
        self.world.wait(url, lambda: (status.append(post(url, '{}')[0]), status[-1] != 404)[1])
        return status[-1]

    def test_a_message_sent_twice_at_once(self):
        """Both are acknowledged, another one is not."""
        self.one('w', 'x = http(hook=x)')
        self.world.play('w')
        url = self.hooks('w') + 'x'
        self.why('w', '1/a', 'waits for xtrigger @x')
        pid = self.world.pid('w')
        os.kill(pid, signal.SIGSTOP)  # so that they come together
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            same = [pool.submit(post, url, '{"n": 1}') for _ in range(2)]
            time.sleep(0.3)
            other = pool.submit(post, url, '{"n": 2}')
            time.sleep(0.3)
            os.kill(pid, signal.SIGCONT)
            answers = sorted([each.result()[0] for each in same])
            self.assertIn(answers, ([200, 200], [409, 409]))
            self.assertEqual(409 if answers[0] == 200 else 200, other.result()[0])
        self.world.wait_end('w', 20)

    def test_many_hooks_and_messages(self):
        self.world.install('w', flow('@x => t<i>', scheduling="""
    [[xtriggers]]
        x = http(hook="%(name)s")""", top='[task parameters]\n    i = 1..100\n',
                                     runtime='    [[t<i>]]\n        run mode = skip\n'))
        self.world.play('w')
        url = self.hooks('w')
        self.world.wait('the last one', lambda: '100' in self.world.rouse('why', 'w').out)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda i: self.posted(f'{url}t_i{i:03}'), range(1, 101)))
        self.assertEqual([200] * 100, answers)
        self.world.wait_end('w', 30)
        self.all_succeeded('w', 100)

    def test_connections_that_say_nothing_are_limited(self):
        self.one('w', 'x = http(hook=x)')
        self.world.play('w')
        url = self.hooks('w')
        port = int(url.rsplit(':', 1)[1].rstrip('/'))
        silent = [socket.create_connection(('127.0.0.1', port)) for _ in range(100)]
        self.done(self.world.rouse('ping', 'w'))
        for each in silent:
            each.close()
        self.assertEqual(200, self.posted(url + 'x'))
        self.world.wait_end('w', 20)



if __name__ == '__main__':
    common.main()
