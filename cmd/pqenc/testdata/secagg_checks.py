# TestSecaggPython appends this to the programs in docs/secagg-process.md.
import array, os, signal, sys

def stop(*error):  # processes that still run would keep this one
    sys.__excepthook__(*error)
    os.killpg(0, signal.SIGKILL)

sys.excepthook = stop
os.setpgid(0, 0)

COUNT, LENGTH = 4, 1000

def fingerprint(name):
    return subprocess.check_output(["pqenc", "fingerprint", name], text=True).split()[0]

def values(client):  # multiples of 2^-8 within -2 and 2
    return [((client + 1) * (i + 3) % 1024 - 512) / 256 for i in range(LENGTH)]

def write(name, numbers):
    with open(name, "wb") as f:
        array.array("f", numbers).tofile(f)

for i in range(COUNT):
    subprocess.run(["pqenc", "-q", "keygen", "-o", "c%d" % i], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
with open("team.pub", "wb") as team:
    for i in range(COUNT):
        with open("c%d.pub" % i, "rb") as f:
            team.write(f.read())
names = [fingerprint("c%d.pub" % i) for i in range(COUNT)]

def start(round):
    """Starts the clients of a round, with weights of 1, 2, 3 and 4."""
    clients = {}
    for i in range(COUNT):
        update = "round%d-%d" % (round, i)
        write(update, [v + round for v in values(i)])
        clients[names[i]] = participate("c%d.key" % i, update, i + 1)
    return clients

def serve(*more):
    return Server("--members", "team.pub", "--corrupt", "0", "--dropped", "1", "--length", str(LENGTH), "--clip", "8", *more, "-o", "mean.f32")

class Loud(Client):
    """A client started by these words, whose messages for people are read as well."""
    def __init__(self, *words):
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

def check(round, result, who):
    weights = [i + 1 for i in who]
    assert result["done"] and result["weight"] == sum(weights), result
    assert sorted(result["counted"]) == sorted(names[i] for i in who), result
    mean = array.array("f")
    with open("mean.f32", "rb") as f:
        mean.fromfile(f, LENGTH)
        assert not f.read()
    for j in range(LENGTH):
        want = sum(w * (values(i)[j] + round) for i, w in zip(who, weights)) / sum(weights)
        assert abs(mean[j] - want) < 1e-5, (j, mean[j], want)

def ended(clients):
    for client in clients.values():
        assert client.close() == 0

pool = concurrent.futures.ThreadPoolExecutor(COUNT)

# All take part.
clients = start(1)
result = aggregate(LENGTH, lambda client, message: pool.submit(clients[client].answer, message))
check(1, result, [0, 1, 2, 3])
ended(clients)
for i in range(COUNT):
    assert os.stat("round1-%d.masked" % i).st_mode & 0o777 == 0o600
    assert os.stat("round1-%d.masked" % i).st_size == 4 * (LENGTH + 1)

# One process does not answer in its fourth step: the round continues without it.
clients = start(2)
stuck, asked = names[2], []
never = concurrent.futures.Future()

def ask(client, message):
    if client == stuck:
        asked.append(message)
        if len(asked) == 4:
            os.kill(clients[client].process.pid, signal.SIGSTOP)
            return never
    return pool.submit(clients[client].answer, message)

def all_but_stuck(futures):
    return concurrent.futures.wait([f for f in futures if f is not never]).done

server = serve("--max-weight", "9")
result = server.run(ask, all_but_stuck)
check(2, result, [0, 1, 3])
assert server.lost == [stuck] and result["dropped"] == [stuck] and server.refused == [], (server.lost, result)
assert server.close() == 0
os.kill(clients[stuck].process.pid, signal.SIGCONT)
assert clients.pop(stuck).close() == 14  # its input ended before the round did
ended(clients)

# A time-out with nobody there.
server = serve()
try:
    server.run(lambda client, message: concurrent.futures.Future(), lambda futures: concurrent.futures.wait(futures, 0.1).done)
    assert False
except RuntimeError as e:
    assert str(e).startswith("threshold: "), e
assert sorted(server.lost) == sorted(names), server.lost
assert server.close() == 14

# Wrong messages and vectors do not end the round. The same message again has the same answer.
clients = start(3)
server = serve("--max-weight", "9")

os.mkfifo("pipe")  # to wait for a writer would stop the round

def twice(client, message):
    first = clients[client].answer(message)
    assert first == clients[client].answer(message)
    return first

def spoiled(futures):
    done = list(concurrent.futures.wait(futures).done)
    server.receive(b"garbage")
    message, vector = done[0].result()
    server.receive(message[:-1] + bytes([message[-1] ^ 1]), vector)
    if vector:
        server.receive(message, done[1].result()[1])
        server.receive(message, "nowhere")
        server.receive(message, "pipe")
        server.receive(message)
    server.receive(*done[0].result())
    return done[1:]

check(3, server.run(lambda client, message: pool.submit(twice, client, message), spoiled), [0, 1, 2, 3])
errors = [(line["error"], line.get("from") in names) for line in server.refused]
for error, count in {("message", False): 6, ("signature", True): 5, ("share", True): 1, ("vector", True): 1, ("io", False): 2, ("step", True): 1}.items():
    assert errors.count(error) == count, (error, errors)
assert len(errors) == 16, errors
assert server.close() == 0
ended(clients)

# An update is sent masked once, also under another name.
clients = start(4)
with open("round2-1", "rb") as old, open("round4-1", "wb") as f:
    f.write(old.read())
clients[names[1]].close()
clients[names[1]] = participate("c1.key", "round4-1", 1)
server = serve("--max-weight", "9")
failed = []

def notice(client, message):
    try:
        return clients[client].answer(message)
    except RuntimeError as e:
        failed.append((client, str(e)))
        raise

check(4, server.run(lambda client, message: pool.submit(notice, client, message), in_time), [0, 2, 3])
assert [client for client, _ in failed] == [names[1]] and failed[0][1].startswith("sent: "), failed
assert server.close() == 0
assert clients.pop(names[1]).close() == 14
assert not os.path.exists("round4-1.masked")
ended(clients)

# A masked update that changes after it was accepted spoils the sum, which is noticed.
clients = start(5)
server = serve("--max-weight", "9")
os.remove("mean.f32")

def change(client, message):
    reply, vector = clients[client].answer(message)
    if not vector and os.path.exists("round5-0.masked"):
        with open("round5-0.masked", "r+b") as f:
            f.write(b"other")
    return reply, vector

try:
    server.run(lambda client, message: pool.submit(change, client, message), in_time)
    assert False
except RuntimeError as e:
    assert str(e) == "vector: round5-0.masked: not the vector that was signed: it has changed since it was accepted", e
assert server.close() == 14
assert not os.path.exists("mean.f32")
ended(clients)

# A weight that the round does not allow is refused before the client joins.
clients = start(0)
server = serve("--max-weight", "3")
failed = []
check(0, server.run(lambda client, message: pool.submit(notice, client, message), in_time), [0, 1, 2])
assert failed == [(names[3], "update: the update: weight is not allowed: 4, and at most 3")], failed
assert server.lost == [names[3]] and server.result["dropped"] == [], server.result
assert server.close() == 0
assert clients.pop(names[3]).close() == 14
ended(clients)

# So are values that are not numbers.
clients = start(-3)
clients[names[3]].close()
write("round-3-3", values(3)[1:] + [float("nan")])
clients[names[3]] = participate("c3.key", "round-3-3", 4)
server = serve("--max-weight", "9")
failed = []
check(-3, server.run(lambda client, message: pool.submit(notice, client, message), in_time), [0, 1, 2])
assert failed == [(names[3], "update: the update: value 999: not a finite number")], failed
assert server.lost == [names[3]] and server.result["dropped"] == [], server.result
assert server.close() == 0
assert clients.pop(names[3]).close() == 14
ended(clients)

# One that comes later is refused before the update is recorded as sent, so that it can be used again.
clients = start(-2)
os.mkdir("late-sent")
clients[names[3]].close()
clients[names[3]] = Client("-i", "c3.key", "--members", "team.pub", "--corrupt", "0", "--min-clients", "3",
                           "--update", "round-2-3", "--masked", "round-2-3.masked", "--sent", "late-sent")
server = serve("--max-weight", "3")
failed = []

def heavier(client, message):
    answer = notice(client, message)
    if client == names[3]:
        clients[client].send(weight=4)
    return answer

check(-2, server.run(lambda client, message: pool.submit(heavier, client, message), in_time), [0, 1, 2])
assert failed == [(names[3], "update: the update: weight is not allowed: 4, and at most 3")], failed
assert os.listdir("late-sent") == []
assert server.close() == 0
assert clients.pop(names[3]).close() == 14
ended(clients)

# An update that is written to while its client runs may not be the one that was recorded as sent.
clients = start(6)

def rewrite(client, message):
    answer = clients[client].answer(message)
    if client == names[3]:  # which has opened it by now
        os.utime("round6-3", (1, 1))
    return answer

server = serve("--max-weight", "9")
check(6, server.run(lambda client, message: pool.submit(rewrite, client, message), in_time), [0, 1, 2])
assert server.close() == 0
assert clients.pop(names[3]).close() == 14
assert not os.path.exists("round6-3.masked")
ended(clients)

# A program that mixes up two clients is told so. The fifth message is that about peers.
clients = start(8)
server = serve("--max-weight", "9")
failed, other = [], {names[0]: names[1], names[1]: names[0]}
try:
    server.run(lambda client, message: pool.submit(notice, other.get(client, client) if message[1] == 5 else client, message), in_time)
    assert False
except RuntimeError as e:
    assert str(e).startswith("threshold: deal: "), e
assert sorted(client for client, _ in failed) == sorted(other), failed
for client, error in failed:
    assert "so the list is for another one" in error, error
assert sorted(server.lost) == sorted(other), server.lost
assert server.close() == 14
for client in clients.values():
    assert client.close() == 14

# A process that has ended says why, also to a program that writes to it first.
wrong = participate("c0.key", "round8-0", -1)
wrong.process.wait()
try:
    wrong.answer(b"a message")
    assert False
except RuntimeError as e:
    assert str(e).startswith("usage: the program breaks the protocol: weight: "), e
assert wrong.close() == 2
killed = participate("c0.key", "round8-0", 1)
killed.process.kill()
killed.process.wait()
try:
    killed.answer(b"a message")
    assert False
except EOFError:
    pass
assert killed.close() == -signal.SIGKILL

# A server is closed while it writes more than a pipe holds: the keys of 15 clients to each of them.
crowd = {}
for i in range(15):
    if i >= COUNT:
        subprocess.run(["pqenc", "-q", "keygen", "-o", "c%d" % i], check=True, stdout=subprocess.DEVNULL)
    crowd[fingerprint("c%d.pub" % i)] = i
members = [word for i in range(15) for word in ("--members", "c%d.pub" % i)]
for client, i in crowd.items():
    crowd[client] = Client("-i", "c%d.key" % i, *members, "--update", "round8-0", "--masked", "out%d" % i)
server = Server(*members, "--length", str(LENGTH), "--clip", "8", "-o", "mean.f32")

def answer(messages):
    for client, message in messages.items():
        server.receive(*crowd[client].answer(message))
    server.send(advance=True)

answer(server.messages())  # the invitations
answer(server.messages())  # the roster
assert server.close() == 14
for client in crowd.values():
    assert client.close() == 14

# A client that is interrupted tells whether there is a masked update.
server = Server("--members", "team.pub", "--corrupt", "0", "--length", str(LENGTH), "--clip", "8", "-o", "mean.f32")
invitations = server.messages()
client = Loud("pqenc", "secagg", "client", "-i", "c0.key", "--members", "team.pub", "--update", "round8-0", "--masked", "new")
client.answer(invitations[names[0]])
client.process.terminate()
said = client.process.communicate()[1]
assert said == b"pqenc: interrupted by SIGTERM: new was not written\n", said
assert client.close() == 143 and server.close() == 14

# A full disk is noticed before the client joins.
small = "mount -t tmpfs -o size=4k none small && echo >small/filler"
os.mkdir("small")
if subprocess.run(["unshare", "-m", "sh", "-c", small], stderr=subprocess.DEVNULL).returncode == 0:
    clients = start(-1)
    clients.pop(names[3]).close()
    crowded = Loud("unshare", "-m", "sh", "-c", small + ' && exec "$0" "$@"', "pqenc", "secagg", "client", "-i", "c3.key", "--members", "team.pub",
                   "--corrupt", "0", "--min-clients", "3", "--update", "round-1-3", "--masked", "small/masked", "--sent", "small-sent")
    clients[names[3]] = crowded
    os.mkdir("small-sent")
    server = serve("--max-weight", "9")
    failed = []
    check(-1, server.run(lambda client, message: pool.submit(notice, client, message), in_time), [0, 1, 2])
    assert failed == [(names[3], "io: write small/masked: no space left on device")], failed
    assert server.result["dropped"] == [], server.result
    assert os.listdir("small-sent") == []
    assert server.close() == 0
    said = crowded.process.communicate()[1]
    assert said.endswith(b"\npqenc: hint: free some space, or write to another disk with --masked and --sent\n"), said
    assert clients.pop(names[3]).close() == 1
    ended(clients)
print("all is well")
