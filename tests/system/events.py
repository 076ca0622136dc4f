"""Who is told of what: handlers and mail, over restarts and kill -9; and the log files a run leaves."""
import socket
import threading
import time

import common
from common import WAIT_FOR_GO, flow


class MailServer:
    """Takes letters by SMTP on a port of this machine, and keeps them."""

    def __init__(self):
        self.letters = []
        self.refusing = False
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(20)
                try:
                    self.talk(connection.makefile('rwb'))
                except OSError:
                    pass

    def talk(self, file):
        def say(line):
            file.write(line.encode() + b'\r\n')
            file.flush()

        say('220 here')
        letter = {'to': []}
        while line := file.readline().decode().strip():
            word = line.split(':')[0].split(' ')[0].upper()
            if word in ('EHLO', 'HELO'):
                say('250 hello')
            elif word == 'MAIL':
                say('451 not now' if self.refusing else '250 ok')
                letter['from'] = line
            elif word == 'RCPT':
                letter['to'].append(line)
                say('250 ok')
            elif word == 'DATA':
                say('354 go on')
                lines = []
                while (part := file.readline().decode().rstrip('\r\n')) != '.':
                    lines.append(part)
                letter['text'] = '\n'.join(lines)
                self.letters.append(letter)
                say('250 taken')
            elif word == 'QUIT':
                say('221 bye')
                return
            else:
                say('500 what?')

    def close(self):
        self.socket.close()


class Events(common.SystemTest):
    def setUp(self):
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.close()
        super().tearDown()

    def mail_server(self):
        server = MailServer()
        self.servers.append(server)
        self.site(f'[scheduler]\n[[mail]]\nsmtp = 127.0.0.1:{server.port}\n')
        return server

    def site(self, text):
        """The global.cylc of this HOME."""
        path = self.world.home / '.cylc/flow/global.cylc'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def told(self, name='w'):
        path = self.world.run_dir(name) / 'told'
        return path.read_text().splitlines() if path.exists() else []

    def test_mail_on_task_events_goes_out_together(self):
        server = self.mail_server()
        top = """
    [[mail]]
        to = night@example.org, day@example.org
        from = flow@example.org
        footer = see %(workflow)s of %(owner)s
        task event batch interval = PT2S
"""
        self.world.install('w', flow('a & b', '        [[[events]]]\n            mail events = succeeded\n', top))
        self.done(self.world.play('w', '--no-detach'))
        self.assertEqual(1, len(server.letters), server.letters)
        letter = server.letters[0]
        self.assertIn('<flow@example.org>', letter['from'])
        self.assertEqual(2, len(letter['to']))
        text = letter['text']
        self.assertIn('Subject: [2 tasks succeeded] w\n', text)
        for part in ('job: 1/a/01\n', 'job: 1/b/01\n', 'event: succeeded\n', 'workflow: w\n', 'see w of '):
            self.assertIn(part, text)
        self.assertEqual([], self.world.rows('w', 'SELECT * FROM rouse_events'))
        self.assertEqual([], list((self.world.run_dir('w') / '.service').glob('mail-*')))

    def test_mail_on_events_of_the_workflow(self):
        server = self.mail_server()
        text = flow('a', '    [[a]]\n        script = false\n').replace(
            '    [[events]]\n', '    [[events]]\n        mail events = stall, abort\n', 1)
        self.world.install('w', text)
        self.assertEqual(1, self.world.rouse('play', '--no-detach', 'w').status)
        subjects = [line for letter in server.letters for line in letter['text'].splitlines()
                    if line.startswith('Subject')]
        self.assertEqual(['Subject: [workflow abort] w', 'Subject: [workflow stall] w'], sorted(subjects))

    def test_a_mail_server_that_is_away_is_said_to_be(self):
        server = self.mail_server()
        server.refusing = True
        self.world.install('w', flow('a', """
        [[[events]]]
            mail events = succeeded
""", '    [[mail]]\n        task event batch interval = PT0S\n'))
        self.done(self.world.play('w', '--no-detach'))
        log = self.world.log('w')
        self.assertIn('mail "[1/a/01 succeeded] w"', log)
        self.assertIn('at the next start', log)
        self.assertEqual(1, len(self.world.rows('w', 'SELECT * FROM rouse_events')))

    def test_an_event_outlives_the_scheduler(self):
        self.world.install('w', flow('a => b', f"""
    [[a]]
        [[[events]]]
            succeeded handlers = echo %(event)s %(id)s %(submit_num)s >>"$CYLC_WORKFLOW_RUN_DIR/told"
            handler retry delays = PT3S
    [[b]]
{WAIT_FOR_GO}
"""))
        self.world.play('w')
        self.world.wait_status('w', '1/b', 'running')
        self.assertEqual(1, len(self.world.rows('w', 'SELECT * FROM rouse_events')))
        self.world.kill('w')
        self.assertEqual([], self.told())
        self.world.play('w')
        self.world.wait('the handler', self.told, 30)
        self.assertEqual(['succeeded 1/a 1'], self.told())
        self.world.wait('the event is settled', lambda: not self.world.rows('w', 'SELECT * FROM rouse_events'))
        (self.world.run_dir('w') / 'share/go').touch()
        self.world.wait_end('w')
        self.assertEqual(['succeeded 1/a 1'], self.told())

    def test_who_is_told_can_be_broadcast(self):
        """Once it has happened, neither the end of the broadcast nor that of the scheduler changes who is told."""
        server = self.mail_server()
        self.world.install('w', flow('a => b', f"""
    [[a]]
        script = until [[ -e "$CYLC_WORKFLOW_SHARE_DIR/first" ]]; do sleep 0.1; done
        [[[events]]]
            succeeded handlers = echo wrong %(event)s >>"$CYLC_WORKFLOW_RUN_DIR/told"
    [[b]]
{WAIT_FOR_GO}
""", '    [[mail]]\n        task event batch interval = PT0S\n'))
        self.world.play('w')
        self.world.wait_status('w', '1/a', 'running')
        self.world.must('broadcast', '-n', 'a', 'w',
                        '-s', '[events]succeeded handlers=echo %(event)s %(id)s >>"$CYLC_WORKFLOW_RUN_DIR/told"',
                        '-s', '[events]handler retry delays=PT3S', '-s', '[events]mail events=succeeded',
                        '-s', '[mail]to=day@example.org')
        (self.world.run_dir('w') / 'share/first').touch()
        self.world.wait_status('w', '1/b', 'running')
        self.world.wait('the mail', lambda: server.letters)
        self.world.must('broadcast', '--clear', 'w')
        self.assertEqual(1, len(self.world.rows('w', 'SELECT * FROM rouse_events')))
        self.world.kill('w')
        self.assertEqual([], self.told())
        self.world.play('w')
        self.world.wait('the handler', self.told, 30)
        self.world.wait('the event is settled', lambda: not self.world.rows('w', 'SELECT * FROM rouse_events'))
        (self.world.run_dir('w') / 'share/go').touch()
        self.world.wait_end('w')
        self.assertEqual(['succeeded 1/a'], self.told())
        for letter in server.letters:
            self.assertEqual(['RCPT TO:<day@example.org>'], letter['to'])

    def test_a_hung_handler_is_ended_and_holds_up_nobody(self):
        self.site('[scheduler]\nprocess pool timeout = PT3S\n')
        self.world.install('w', flow('a => b => c', """
    [[a]]
        [[[events]]]
            started handlers = sleep 1000; : %(event)s
"""))
        begin = time.monotonic()
        self.done(self.world.play('w', '--no-detach'))
        self.assertLess(time.monotonic() - begin, 60)
        self.assertIn('1/a/01 started handler: killed after its 3 s (process pool timeout)', self.world.log('w'))
        self.all_succeeded('w', 3)

    def test_a_full_log_goes_on_in_the_next_file(self):
        self.site('[scheduler]\n[[logging]]\nmaximum size in bytes = 800\nrolling archive length = 2\n')
        self.world.install('w', flow('a => b => c => d => e => f => g => h'))
        self.world.play('w')
        self.world.wait_end('w')
        logs = sorted(path.name for path in (self.world.run_dir('w') / 'log/scheduler').glob('*-start-*.log'))
        self.assertEqual(2, len(logs), logs)
        self.assertNotEqual('01-start-01.log', logs[0])
        text = (self.world.run_dir('w') / 'log/scheduler/log').read_text()
        self.assertIn('log rollover=', text.splitlines()[2])
        self.assertTrue(text.endswith('DONE\n'), text)

    def test_custom_messages_are_events(self):
        self.world.install('w', flow('a', """
    [[a]]
        script = cylc message -- "$CYLC_WORKFLOW_ID" "$CYLC_TASK_JOB" WARNING:"getting warm" CUSTOM:"my own" "half done"
        [[[outputs]]]
            half = half done
        [[[events]]]
            handlers = echo "%(event)s %(message)s" >>"$CYLC_WORKFLOW_RUN_DIR/told"
            handler events = warning, custom, half
"""))
        self.done(self.world.play('w', '--no-detach'))
        self.assertEqual(["custom 'my own'", "half 'half done'", "warning 'getting warm'"], sorted(self.told()))


if __name__ == '__main__':
    common.main()
