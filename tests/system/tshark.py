# SPDX-License-Identifier: Apache-2.0
"""tshark with the dissector of tools/wireshark, and captures for it that need no network.

Wireshark wants from a TLS 1.3 connection the hellos and, in the key log, the traffic secrets. Whether they
come from a key exchange it cannot know: so these captures have secrets of our choice.
"""

import hashlib
import os
import pwd
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import atlslib

if shutil.which("tshark") is None:
    atlslib.skip("tshark is not installed")

sys.path.insert(0, os.path.join(atlslib.ROOT, "tests", "interop"))

from tlspeer import attestation, messages, numbers, pcap  # noqa: E402  (after the path)
from tlspeer.records import TrafficKeys  # noqa: E402
from tlspeer.wire import uint, vec  # noqa: E402

DISSECTOR = os.path.join(atlslib.ROOT, "tools", "wireshark")
SUITE = 0x1301
CLIENT, SERVER = "c2s", "s2c"
TYPE = numbers.REMOTE_ATTESTATION
KAT = os.path.join(atlslib.ROOT, "tests", "kat")
LUA_ERROR = re.compile(r"Lua Error|_ws\.lua\.(?!fake)")


def sample(*names: str) -> bytes:
    """A file of tests/kat."""
    with open(os.path.join(KAT, *names), "rb") as file:
        return file.read()


CERTIFICATE = sample("inspect", "cert.der")  # Wireshark reads no further where one is malformed


class Tshark:
    """tshark, with a copy of the dissector in FOLDER.

    As root, Wireshark 4.4 takes no script at all without a word (and older ones warn): then it runs as
    nobody, for whom the folder and what is in it are opened.
    """

    def __init__(self, folder: str):
        self.folder = folder
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.home = os.path.join(folder, "home")
        os.makedirs(self.home)
        shutil.copytree(DISSECTOR, os.path.join(folder, "wireshark"))
        self.script = os.path.join(folder, "wireshark", "atls.lua")

    def _open_up(self) -> None:
        if self.user is None:
            return
        for where, folders, files in os.walk(self.folder):
            for name in folders:
                os.chmod(os.path.join(where, name), 0o755)
            for name in files:
                os.chmod(os.path.join(where, name), 0o644)
        os.chmod(self.folder, 0o755)
        os.chown(self.home, self.user.pw_uid, self.user.pw_gid)

    def plugins(self) -> str:
        """The folder in which Wireshark looks for scripts of this home."""
        folder = os.path.join(self.home, ".local", "lib", "wireshark", "plugins")
        os.makedirs(folder, exist_ok=True)
        return folder

    def run(self, *words: str, script: bool = True) -> str:
        """What tshark prints; anything on standard error is a failure."""
        self._open_up()
        as_user = {}
        if self.user is not None:
            as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        environment = {"HOME": self.home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                       "TMPDIR": self.home}
        loaded = ["-X", "lua_script:" + self.script] if script else []
        done = subprocess.run(["tshark", *words, *loaded], check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                              cwd=self.home, timeout=4 * atlslib.WAIT, **as_user)
        said, out = done.stderr.decode(), done.stdout.decode()
        if done.returncode != 0 or said:
            raise AssertionError(f"tshark {words}: exit {done.returncode}: {said}")
        return out

    def read(self, capture: str, keylog: str, *words: str, **how) -> str:
        """A capture as tshark prints it, without an error of the dissector's own. The ports are of the kernel's choice: some of
        them stand for other protocols."""
        out = self.run("-r", capture, "-d", "tcp.port==1-65535,tls", "-o", "tls.keylog_file:" + keylog, *words, **how)
        error = LUA_ERROR.search(out)
        if error:
            raise AssertionError(f"tshark {words}: {out[max(0, error.start() - 200):][:1000]}")
        return out

    def trees(self, capture: str, keylog: str, *words: str) -> list:
        """Every tree that the dissector made, in order."""
        return self._trees(capture, keylog, "atls", "-Y", "atls", *words)

    def inside(self, capture: str, keylog: str, protocol: str) -> list:
        """What the dissector put into the trees of another one."""
        found = self._trees(capture, keylog, protocol)
        return [tree for tree in found if tree.values]

    def _trees(self, capture: str, keylog: str, protocol: str, *words: str) -> list:
        text = self.read(capture, keylog, "-T", "pdml", "-J", "tcp " + protocol, *words)
        return [Tree(packet, proto)
                for packet in ElementTree.fromstring(text).iter("packet")
                for proto in packet.findall("proto") if proto.get("name") == protocol]

    def fields(self) -> dict:
        """Every field of the dissector: its type and its name."""
        found = {}
        for line in self.run("-G", "fields").splitlines():
            words = line.split("\t")
            if words[0] == "F" and words[2].startswith("atls."):
                found[words[2]] = (words[3], words[1])
        return found


class Tree:
    """One occurrence of the extension, as tshark shows it."""

    def __init__(self, packet, proto):
        self.stream = int(next(field.get("show") for field in packet.iter("field")
                               if field.get("name") == "tcp.stream"))
        self.title = proto.get("showname")
        self.values, self.experts = [], []
        self._walk(proto)

    def _walk(self, element) -> None:
        for field in element.findall("field"):
            name = field.get("name")
            if name == "_ws.expert.message":
                self.experts.append(field.get("show"))
            elif name.startswith("atls.") and not name.startswith("atls.malformed") and \
                    not name.startswith(("atls.violation", "atls.encoding", "atls.cut")):
                self.values.append((name[len("atls."):], field.get("value"), field.get("show")))
            self._walk(field)

    def known(self, types: dict) -> list:
        """(name, value) of every field that has a value."""
        return [(name, value_of(types["atls." + name][0], raw, show))
                for name, raw, show in self.values if types["atls." + name][0] != "FT_NONE"]

    def get(self, name: str) -> list:
        return [show for found, _, show in self.values if found == name]


def value_of(kind: str, raw: str, show: str):
    """What Python has for a field of that type."""
    if kind == "FT_BYTES":
        return bytes.fromhex(raw or "")
    if kind == "FT_BOOLEAN":
        return show in ("1", "True")
    if kind.startswith(("FT_UINT", "FT_INT")):
        return int(show, 0)
    return show


class Capture:
    """A capture file of made-up connections, and its key log."""

    def __init__(self, folder: str, name: str):
        self.path, self.keylog = (os.path.join(folder, name + end) for end in (".pcap", ".keys"))
        self.count = 0
        self._part = os.path.join(folder, name + ".part")
        with open(self.path, "wb") as file:
            file.write(pcap.file_header())
        with open(self.keylog, "w", encoding="ascii"):
            pass

    def add(self, pieces: list) -> None:
        """A connection: (direction, octets) as they are sent."""
        self.count += 1
        client = (f"10.{self.count >> 16 & 255}.{self.count >> 8 & 255}.{self.count & 255}", 40000)
        writer = pcap.Writer(self._part, client, ("192.0.2.1", 443))
        for direction, data in pieces:
            writer.data(direction, data)
        writer.close()
        with open(self._part, "rb") as part, open(self.path, "ab") as file:
            file.write(part.read()[len(pcap.file_header()):])

    def add_keys(self, random: bytes, secrets: dict) -> None:
        with open(self.keylog, "a", encoding="ascii") as file:
            for label, secret in secrets.items():
                file.write(f"{label} {random.hex()} {secret.hex()}\n")


class Handshake:
    """Messages of one made-up connection. `record` is the most octets that a record gets."""

    def __init__(self, capture: Capture, record: int = 1 << 14, together: bool = False):
        self.capture, self.record, self.together = capture, record, together
        self.random = hashlib.sha256(b"client %d" % capture.count).digest()
        secrets = {role: hashlib.sha256(f"{role} {capture.count}".encode()).digest()
                   for role in ("CLIENT", "SERVER")}
        capture.add_keys(self.random, {f"{role}_HANDSHAKE_TRAFFIC_SECRET": secret
                                       for role, secret in secrets.items()})
        self.keys = {CLIENT: TrafficKeys(SUITE, secrets["CLIENT"]),
                     SERVER: TrafficKeys(SUITE, secrets["SERVER"])}
        self.pieces, self.waiting = [], {CLIENT: b"", SERVER: b""}

    def clear(self, direction: str, message: bytes) -> None:
        for at in range(0, len(message), self.record):
            self.pieces.append((direction, uint(1, numbers.HANDSHAKE) + b"\x03\x03" +
                                vec(2, message[at:at + self.record])))

    def sealed(self, direction: str, message: bytes) -> None:
        self.waiting[direction] += message
        if not self.together:
            self.flush(direction)

    def flush(self, direction: str) -> None:
        data, self.waiting[direction] = self.waiting[direction], b""
        for at in range(0, len(data), self.record):
            self.pieces.append((direction, self.keys[direction].seal(
                numbers.HANDSHAKE, data[at:at + self.record])))

    def client_hello(self, extensions: list) -> None:
        hello = messages.ClientHello(self.random, b"", [SUITE], [
            (numbers.SUPPORTED_VERSIONS, b"\x02\x03\x04"), *extensions])
        self.clear(CLIENT, messages.message(numbers.CLIENT_HELLO, hello.body()))

    def server_hello(self, extensions: list = (), retry: bool = False) -> None:
        random = numbers.HELLO_RETRY_RANDOM if retry else bytes(31) + b"\x01"
        hello = messages.ServerHello(random, b"", SUITE, [
            (numbers.SUPPORTED_VERSIONS, b"\x03\x04"), *extensions])
        self.clear(SERVER, messages.message(numbers.SERVER_HELLO, hello.body()))

    def encrypted_extensions(self, extensions: list) -> None:
        self.sealed(SERVER, messages.message(numbers.ENCRYPTED_EXTENSIONS,
                                             messages.write_extensions(extensions)))

    def certificate_request(self, extensions: list) -> None:
        self.sealed(SERVER, messages.message(
            numbers.CERTIFICATE_REQUEST, messages.CertificateRequest(b"", extensions).body()))

    def certificate(self, direction: str, entries: list) -> None:
        """ENTRIES: (DER, extensions)."""
        body = messages.Certificate(b"", [messages.CertificateEntry(der, list(extensions))
                                          for der, extensions in entries]).body()
        self.sealed(direction, messages.message(numbers.CERTIFICATE, body))

    def finish(self) -> None:
        """Finished of both sides, and the connection into the capture."""
        for direction in (SERVER, CLIENT):
            self.sealed(direction, messages.message(numbers.FINISHED, bytes(32)))
            self.flush(direction)
        self.capture.add(self.pieces)


class Dissected(atlslib.SystemTest):
    """A class with tshark."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tshark = Tshark(cls.folder)
        cls.types = cls.tshark.fields()

    def capture(self) -> Capture:
        return Capture(self.folder, self.id().rpartition(".")[2])

    def trees(self, capture: Capture, *words: str) -> list:
        return self.tshark.trees(capture.path, capture.keylog, *words)

    def assert_shown(self, trees: list, expected: list) -> None:
        """Every field of every tree is as expected; the first that is not is what a failure prints."""
        for tree, wanted in zip(trees, expected):
            found = tree.known(self.types)
            for at, pair in enumerate(wanted):
                self.assertEqual(found[at:at + 1], [pair], f"{tree.title}, field {at}")
            self.assertEqual(found[len(wanted):], [], tree.title)
        self.assertEqual([tree.title for tree in trees[len(expected):]], [])
        self.assertEqual(expected[len(trees):], [])

    def of_credentials(self, credentials: list) -> list:
        """The trees of these cmw_payloads, each in a connection of its own."""
        return self.of_bodies([attestation.encode_credential(octets) for octets in credentials])

    def of_bodies(self, bodies: list) -> list:
        capture = self.capture()
        for body in bodies:
            one = Handshake(capture)
            one.client_hello([])
            one.server_hello()
            one.certificate(SERVER, [(CERTIFICATE, [(TYPE, body)])])
            one.finish()
        trees = self.trees(capture)
        self.assertEqual([tree.stream for tree in trees], list(range(len(bodies))))
        return trees
