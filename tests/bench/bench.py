#!/usr/bin/env python3
"""Ours beside its peers, in the same run, alternating: a table and bench.json (docs/benchmarks.md)."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path


class Rows:
    """What was found; `ratio` is above 1 where ours is better."""

    def __init__(self):
        self.rows = []

    def add(self, case, metric, unit, better, ours, peer=None, peer_name=None, goal=None):
        """`ours` and `peer` are lists of alternating runs, or single figures."""
        ours = ours if isinstance(ours, list) else [ours]
        ratio = None
        if peer is not None:
            peers = peer if isinstance(peer, list) else [peer] * len(ours)
            pairs = zip(ours, peers)
            each = [o / p if better == 'higher' else p / o for o, p in pairs if o > 0 and p > 0]
            # Nothing where little was asked for, or as little as there can be: no quotient, but better than any.
            if each:
                ratio = statistics.median(each)
            else:
                ratio = 1000.0 if better == 'lower' and statistics.median(ours) <= statistics.median(peers) else 0.0
            peer = statistics.median(peers)
        self.rows.append({'case': case, 'metric': metric, 'unit': unit, 'better': better,
                          'ours': round(statistics.median(ours), 4),
                          'peer': None if peer is None else round(peer, 4), 'peer_name': peer_name,
                          'ratio': None if ratio is None else round(ratio, 3), 'goal': goal})

    def limit(self, case, metric, unit, ours, limit, counts=True):
        """An absolute limit. `counts`: it holds at every size."""
        self.add(case, metric, unit, 'lower', ours, limit, 'limit', 1 if counts else None)

    def table(self):
        def text(v):
            if v is None:
                return ''
            return f'{v:,.0f}' if abs(v) >= 1000 else f'{v:.3g}' if abs(v) < 10 else f'{v:.1f}'
        head = ['case', 'metric', 'ours', 'peer', 'peer is', 'ratio', 'goal', '']
        lines = [[r['case'], f"{r['metric']} ({r['unit']})", text(r['ours']), text(r['peer']), r['peer_name'] or '',
                  text(r['ratio']), text(r['goal']),
                  '' if r['goal'] is None else 'met' if r['ratio'] >= r['goal'] else 'MISSED'] for r in self.rows]
        return head, lines

    def show(self):
        head, lines = self.table()
        widths = [max(len(x[i]) for x in [head] + lines) for i in range(len(head))]
        for line in [head] + lines:
            print('  '.join(c.rjust(w) if i in (2, 3, 5, 6) else c.ljust(w)
                            for i, (c, w) in enumerate(zip(line, widths))).rstrip())


class Used:
    """What a child took: wall and CPU seconds, peak memory, what it printed."""

    def __init__(self, command, env=None, ok=(0,), cwd=None):
        out = Path(WORK) / 'output'
        with open(out, 'wb') as sink:
            began = time.monotonic()
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, cwd=cwd,
                                     env={**os.environ, **(env or {})})
            _, status, usage = os.wait4(child.pid, 0)
            self.wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak_mib = usage.ru_maxrss / 1024
        self.text = out.read_text(errors='replace')
        if child.returncode not in ok:
            sys.exit(f"bench: {' '.join(map(str, command))} ended with {child.returncode}:\n{self.text[-2000:]}")

    def json(self):
        return json.loads(self.text.strip().splitlines()[-1])


class Server:
    """A program that prints one line of JSON and serves until its standard input ends."""

    def __init__(self, command):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()
        if not line:
            sys.exit(f'bench: {command[0]} did not start')
        self.says = json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.wait(60)


def fresh(name):
    folder = Path(WORK) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


# ---- mail


def our_config(folder, server, crm, method=0):
    (folder / 'syncline.toml').write_text(f'''instance = "bench"
first_run = "go"
[store]
plugin = "storage-sqlite"
path = "{folder}/state.db"
[log]
level = "error"
[connection.mail]
plugin = "pop3"
host = "127.0.0.1"
port = {server['port']}
tls = "none"
{crm}
[defaults.email]
received_after = 2025-01-01T00:00:00Z
[user."alice@contoso.test"]
organization = "crm"
mailbox = {{ connection = "mail", username = "alice", password = {{ env = "BENCH_PASSWORD" }} }}
entities = ["email"]
email = {{ method = {method} }}
''')


DISCARDING = '[connection.crm]\nplugin = "bench"\nclass = "bench-crm"\n'


def ours(folder, env=None):
    return Used([BUILD / 'bin/syncline', '--config', folder / 'syncline.toml', '--plugin-dir', BUILD / 'plugins', 'sync',
                 '--yes', '--json', '--workers', '1'],
                {'BENCH_PASSWORD': 'alice-password', 'TMPDIR': str(folder), **(env or {})})


def checked(used, count, what='created'):
    pair = used.json()['pairs'][0]
    counts = pair.get('counts', pair)
    if counts.get(what, 0) != count:
        sys.exit(f'bench: {what} should be {count}: {used.text[-1000:]}')
    return used


def counted(folder):
    """The same once more with the counting library: counts only, no times."""
    path = folder / 'counts.json'
    return {'LD_PRELOAD': str(BUILD / 'tests/bench/bench-counting.so'), 'BENCH_COUNTS': str(path)}, path


class Mpop:
    def __init__(self, kind, server):
        self.kind, self.server = kind, server

    def first(self):
        self.folder = fresh('mpop-' + self.kind)
        target = self.folder / self.kind
        if self.kind == 'maildir':
            for room in ('cur', 'new', 'tmp'):
                (target / room).mkdir(parents=True)
        rc = self.folder / 'mpoprc'
        rc.write_text(f'''account bench
host 127.0.0.1
port {self.server['port']}
user alice
password alice-password
auth user
tls off
keep on
delivery {self.kind} {target}
uidls_file {self.folder}/uidls
''')
        rc.chmod(0o600)
        used = self.again()
        if self.kind == 'maildir' and (got := len(list((target / 'new').iterdir()))) != self.server['count']:
            sys.exit(f"bench: mpop fetched {got} of {self.server['count']} messages: {used.text[-500:]}")
        return used

    def again(self):
        return Used(['mpop', '-C', self.folder / 'mpoprc', '--quiet', 'bench'])


class Fetchmail:
    def __init__(self, server):
        self.server = server

    def first(self):
        self.folder = fresh('fetchmail')
        rc = self.folder / 'rc'
        rc.write_text(f'''set no bouncemail
poll 127.0.0.1 protocol POP3 port {self.server['port']} uidl auth password:
  user "alice" password "alice-password" keep bsmtp "/dev/null" sslproto ''
''')
        rc.chmod(0o600)
        return self.again()

    def again(self):
        return Used(['fetchmail', '-f', self.folder / 'rc', '--silent', '--idfile', self.folder / 'ids', '--pidfile',
                     self.folder / 'pid'], {'FETCHMAILHOME': str(self.folder)}, ok=(0, 1))


class Discard:
    def __init__(self, server):
        self.server = server

    def first(self):
        self.state = fresh('discard') / 'uidls'
        return self.again()

    def again(self):
        return Used([BUILD / 'tests/bench/bench-discard', str(self.server['port']), 'alice', 'alice-password', self.state])


class Ours:
    def __init__(self, server, name='ours', crm=DISCARDING):
        self.server, self.name, self.crm = server, name, crm

    def first(self):
        self.folder = fresh(self.name)
        our_config(self.folder, self.server, self.crm)
        return checked(ours(self.folder), self.server['count'])

    def again(self):
        return checked(ours(self.folder), 0)


def mail(rows, scale, runs, goals):
    count = 20_000 // scale
    with Server([BUILD / 'tests/bench/bench-mailserver', '--count', str(count)]) as server:
        box = server.says
        Discard(box).first()  # the server's caches are warm for everybody
        peers = {'mpop → Maildir': Mpop('maildir', box), 'mpop → mbox': Mpop('mbox', box), 'fetchmail': Fetchmail(box),
                 'discarding client': Discard(box)}
        mine = Ours(box)
        first = {name: [] for name in [*peers, 'ours']}
        again = {name: [] for name in [*peers, 'ours']}
        for run in range(runs):
            for name, who in [('ours', mine), *peers.items()]:
                if name == 'fetchmail' and run > 0 and not goals:
                    continue
                first[name].append(who.first())
                again[name].append(who.again())
                print(f'  run {run + 1}: {name}: {first[name][-1].wall:.1f} s, {first[name][-1].cpu:.1f} s CPU, '
                      f'then {again[name][-1].wall:.2f} s', file=sys.stderr)
        rate = lambda name: [count / u.wall for u in first[name]]
        cpu = lambda name: [u.cpu for u in first[name]]
        for name in peers:
            to_maildir = name == 'mpop → Maildir' and goals
            n = len(first[name])
            rows.add('mail, first', 'messages/s', '1/s', 'higher', rate('ours')[:n], rate(name), name,
                     2 if to_maildir else None)
            rows.add('mail, first', 'CPU', 's', 'lower', cpu('ours')[:n], cpu(name), name,
                     round(1 / 0.75, 3) if to_maildir else None)
            rows.add('mail, nothing new', 'time', 's', 'lower', [u.wall for u in again['ours']][:n],
                     [u.wall for u in again[name]], name)
        rows.limit('mail, nothing new', 'time', 's', [u.wall for u in again['ours']],
                   [u.wall + 0.1 for u in again['mpop → Maildir']], goals)
        rows.limit('mail, first', 'peak memory', 'MiB', [u.peak_mib for u in first['ours']], 48)
        mail_counts(rows, box, count)
        mail_refused(rows, box, count)
    mail_standin(rows, max(20, 2_000 // scale))
    mail_big(rows, max(4 << 20, (256 << 20) // scale))


def mail_counts(rows, box, count):
    folder = fresh('ours-counted')
    our_config(folder, box, DISCARDING)
    env, path = counted(folder)
    traffic = checked(ours(folder, env), count).json()['traffic']
    c = json.loads(path.read_text())
    hundred = count / 100
    rows.limit('mail, first', 'FULL commits per 100 messages', '1', c['commits'] / hundred, 3)
    rows.add('mail, first', 'rows written per message', '1', 'lower', c['rows_written'] / count)
    rows.add('mail, first', 'allocations per message', '1', 'lower', c['allocations'] / count)
    rows.add('mail, first', 'POP3 commands per message', '1', 'lower', c['lines_sent'] / count)
    rows.add('mail, first', 'CRM requests per message', '1', 'lower', traffic.get('crm requests', 0) / count)
    rows.add('mail, first', 'bytes received per message', 'B', 'lower', c['received'] / count, box['bytes'] / count,
             'message size')
    rows.add('mail, first', 'state per message', 'B', 'lower', (folder / 'state.db').stat().st_size / count)
    checked(ours(folder, env), 0)
    c = json.loads(path.read_text())
    rows.add('mail, nothing new', 'rows of items written', '1', 'lower', c['item_rows_written'])
    rows.add('mail, nothing new', 'FULL commits', '1', 'lower', c['commits'])


def mail_refused(rows, box, count):
    folder = fresh('ours-refused')
    our_config(folder, box, DISCARDING, method=1)
    env, path = counted(folder)
    used = checked(ours(folder, env), 0)
    c = json.loads(path.read_text())
    rows.add('mail, all refused', 'bytes received per message', 'B', 'lower', c['received'] / count,
             box['bytes'] / count, 'message size')
    rows.add('mail, all refused', 'FULL commits per 100 messages', '1', 'lower', c['commits'] / count * 100)
    rows.limit('mail, all refused', 'peak memory', 'MiB', used.peak_mib, 48)


def mail_standin(rows, count):
    """With the stand-in CRM in a process of its own."""
    with Server([BUILD / 'tests/bench/bench-mailserver', '--count', str(count)]) as server, \
            Server([BUILD / 'bin/syncline-sandbox', '--mails', '1', '--until-eof']) as sandbox:
        crm = sandbox.says['crm']
        text = f'''[connection.crm]
plugin = "crm-rest"
url = "{crm['url']}"
[connection.crm.auth]
client_id = "{crm['client_id']}"
token_url = "{crm['token_url']}"
scope = "{crm['scope']}"
secret = {{ env = "BENCH_SECRET" }}
'''
        os.environ['BENCH_SECRET'] = crm['client_secret']
        mine = Ours(server.says, 'ours-standin', text)
        used = mine.first()
        rows.add('mail, stand-in CRM', 'messages/s', '1/s', 'higher', count / used.wall)
        rows.add('mail, stand-in CRM', 'CPU per message', 'ms', 'lower', used.cpu / count * 1000)
        rows.limit('mail, stand-in CRM', 'peak memory', 'MiB', used.peak_mib, 48)
        traffic = used.json()['traffic']
        rows.add('mail, stand-in CRM', 'requests (both sides) per message', '1', 'lower',
                 traffic.get('requests', 0) / count)
        mine.again()


def mail_big(rows, size):
    with Server([BUILD / 'tests/bench/bench-mailserver', '--count', '10', '--big', str(size)]) as server:
        folder = fresh('ours-big')
        our_config(folder, server.says, DISCARDING)
        config = folder / 'syncline.toml'
        config.write_text(config.read_text().replace('tls = "none"', 'tls = "none"\nmax_message_size = "1GiB"')
                          .replace('method = 0', 'method = 0, max_size = "1GiB"')
                          .replace('[log]', '[spool]\nlimit = "4GiB"\n[log]'))
        used = checked(ours(folder), 11)
        rows.limit(f'mail, one of {size >> 20} MiB', 'peak memory', 'MiB', used.peak_mib, 48)


# ---- the kernel alone


def kernel(folder, *args, env=None):
    return Used([BUILD / 'tests/bench/bench-kernel', '--folder', folder, '--plugins', BUILD / 'plugins', *map(str, args)],
                env).json()


def kernel_case(rows, scale, runs, goals):
    n = 100_000 // scale
    folder = fresh('kernel-counted')
    env, _ = counted(folder)
    trace = Path(WORK) / 'trace'
    kernel(folder, '--items', n, '--phases', 'first', env={**env, 'BENCH_TRACE': str(trace)})
    took = []
    ceiling, used = [], []
    for run in range(runs):
        took.append(kernel(fresh('kernel'), '--items', n))
        used.append(Used([BUILD / 'tests/bench/bench-replay', trace, fresh('ceiling') / 'state.db']))
        ceiling.append(used[-1].json()['wall'])
        print(f"  run {run + 1}: kernel {n / took[-1]['phases'][0]['wall']:,.0f} items/s, the ceiling "
              f"{n / ceiling[-1]:,.0f}", file=sys.stderr)
    trace.unlink()
    first = [t['phases'][0] for t in took]
    changed = [t['phases'][3] for t in took]
    name = 'the same rows in C'
    rows.add('kernel, first', 'items/s', '1/s', 'higher', [n / p['wall'] for p in first], [n / w for w in ceiling], name,
             0.6 if goals else None)
    rows.add('kernel, first', 'CPU per item', 'µs', 'lower', [p['cpu'] / n * 1e6 for p in first],
             [u.cpu / n * 1e6 for u in used], name)
    rows.add('kernel, first', 'peak memory, both endpoints in it', 'MiB', 'lower', [t['peak_kib'] / 1024 for t in took])
    edits = changed[0]['edited']
    rows.add('kernel, 1 % changed', 'items/s', '1/s', 'higher', [edits / p['wall'] for p in changed])
    rows.add('kernel, 1 % changed', 'CPU per item', 'µs', 'lower', [p['cpu'] / edits * 1e6 for p in changed])
    rows.add('kernel, no change', 'time', 's', 'lower', [t['phases'][4]['wall'] for t in took])
    folder = fresh('kernel-counted')
    got = kernel(folder, '--items', n, env=counted(folder)[0])
    p = {x['phase'] + str(i): x for i, x in enumerate(got['phases'])}
    rows.limit('kernel, first', 'transactions per 100 items', '1', p['first0']['commits'] / n * 100, 1.2)
    rows.add('kernel, first', 'rows written per item', '1', 'lower', p['first0']['rows_written'] / n)
    rows.add('kernel, first', 'rows read per item', '1', 'lower', p['first0']['rows_read'] / n)
    rows.add('kernel, first', 'allocations per item', '1', 'lower', p['first0']['allocations'] / n)
    rows.limit('kernel, 1 % changed', 'transactions per 100 items', '1', p['changed3']['commits'] / edits * 100, 2)
    rows.add('kernel, 1 % changed', 'allocations per item', '1', 'lower', p['changed3']['allocations'] / edits)
    for i in (2, 4):
        rows.add('kernel, no change', f'rows of items read or written, pass {i}', '1', 'lower',
                 p[f'idle{i}']['item_rows_read'] + p[f'idle{i}']['item_rows_written'], 0, 'limit', 1)
    rows.limit('kernel, first', 'state per link', 'B', got['state_bytes'] / n, 2_500)


def many_links(rows, scale):
    n = 1_000_000 // scale
    folder = fresh('kernel-many')
    got = kernel(folder, '--items', n, '--phases', 'first,echo,idle', env=counted(folder)[0])
    idle = got['phases'][2]
    rows.add(f'kernel, no change over {n:,} links', 'rows of items read or written', '1', 'lower',
             idle['item_rows_read'] + idle['item_rows_written'], 0, 'limit', 1)
    rows.add(f'kernel, no change over {n:,} links', 'time', 's', 'lower', idle['wall'])


def workers(rows, scale, runs, goals):
    n, pairs = 32_000 // scale, 16
    one, sixteen = [], []
    for _ in range(runs):
        one.append(kernel(fresh('workers'), '--items', n, '--pairs', pairs, '--workers', 1, '--phases', 'first'))
        sixteen.append(kernel(fresh('workers'), '--items', n, '--pairs', pairs, '--workers', 16, '--phases', 'first'))
    rate = lambda runs_of: [n / t['phases'][0]['wall'] for t in runs_of]
    rows.add('kernel, 16 workers on one store', 'items/s', '1/s', 'higher', rate(sixteen), rate(one), 'one worker',
             1 if goals else None)


def many_pairs(rows, scale):
    few, many = 100, max(200, 10_000 // scale)
    requests = []
    for n in (few, many):
        folder = fresh('pairs')
        got = kernel(folder, '--items', n, '--pairs', n, '--workers', 4, '--phases', 'first,echo,idle')
        requests.append(got['phases'][2]['crm_requests'])
        state, peak = got['state_bytes'] / n, got['peak_kib']
    rows.add(f'{many:,} pairs on one CRM', 'CRM requests of an idle round', '1', 'lower', requests[1], requests[0],
             f'{few} pairs', 1)
    rows.add(f'{many:,} pairs on one CRM', 'state per pair', 'B', 'lower', state)
    rows.add(f'{many:,} pairs on one CRM', 'peak memory per pair', 'KiB', 'lower', peak / many)


# ---- instructions


def instructions(rows, scale):
    if shutil.which('valgrind') is None:
        return
    n = max(200, 2_000 // scale)
    out = Path(WORK) / 'callgrind.out'
    def cost(items):
        Used(['valgrind', '--tool=callgrind', f'--callgrind-out-file={out}', BUILD / 'tests/bench/bench-kernel', '--folder',
              fresh('callgrind'), '--plugins', BUILD / 'plugins', '--items', str(items), '--phases', 'first'])
        for line in out.read_text().splitlines():
            if line.startswith(('totals:', 'summary:')):
                return int(line.split()[1])
        sys.exit('bench: callgrind printed no total')
    rows.add('kernel, first', 'instructions per item', '1', 'lower', (cost(2 * n) - cost(n)) / n)


def machine():
    cpu = next((line.split(':', 1)[1].strip() for line in open('/proc/cpuinfo') if line.startswith('model name')), '?')
    memory = next(int(line.split()[1]) for line in open('/proc/meminfo') if line.startswith('MemTotal'))
    return f'{os.cpu_count()} × {cpu}, {memory / 2**20:.0f} GiB, Linux {os.uname().release}'


CASES = {
    'mail': lambda rows, a, goals: mail(rows, a.scale, a.runs, goals),
    'kernel': lambda rows, a, goals: kernel_case(rows, a.scale, a.runs, goals),
    'links': lambda rows, a, goals: many_links(rows, a.scale),
    'workers': lambda rows, a, goals: workers(rows, a.scale, a.runs, goals),
    'pairs': lambda rows, a, goals: many_pairs(rows, a.scale),
    'instructions': lambda rows, a, goals: instructions(rows, a.scale),
}


def write_doc(path, rows, args):
    head, lines = rows.table()
    text = path.read_text()
    begin, end = '<!-- bench table -->', '<!-- end -->'
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    out = [f'Measured on {time.strftime("%Y-%m-%d")}: {machine()}. Size 1/{args.scale}, {args.runs} alternating runs.', '']
    out += ['| ' + ' | '.join(head[:-1] + ['is']) + ' |', '|' + '---|' * len(head)]
    out += ['| ' + ' | '.join(line) + ' |' for line in lines]
    path.write_text(before + begin + '\n' + '\n'.join(out) + '\n' + end + after)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--build', required=True)
    p.add_argument('--out', required=True)
    p.add_argument('--scale', type=int, default=1, help='one part in so many of the size')
    p.add_argument('--runs', type=int, default=5)
    p.add_argument('--case', action='append', choices=list(CASES), help='only these')
    p.add_argument('--doc', help='put the table into this page')
    args = p.parse_args()
    global BUILD, WORK
    BUILD = Path(args.build).resolve()
    WORK = BUILD / 'work'
    WORK.mkdir(exist_ok=True)
    rows = Rows()
    for name, run in CASES.items():
        if args.case is None or name in args.case:
            print(f'{name} …', file=sys.stderr)
            run(rows, args, args.scale == 1)
    shutil.rmtree(WORK, ignore_errors=True)
    rows.show()
    Path(args.out).write_text(json.dumps(rows.rows, indent=1, ensure_ascii=False) + '\n')
    if args.doc:
        write_doc(Path(args.doc), rows, args)
    missed = sum(r['goal'] is not None and r['ratio'] < r['goal'] for r in rows.rows)
    print(f"{sum(r['goal'] is not None for r in rows.rows)} goals, {missed} missed; {args.out}")


main()
