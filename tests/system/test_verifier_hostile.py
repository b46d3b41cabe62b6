#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`atls verifier` and clients that mean harm, or know no better: every bound holds, and the next client is served."""

import random
import re
import resource
import socket
import sys

from atlslib import WAIT, main, wait_until
from verifierlib import CMW, NEW, PSA_CORIM, SESSION, SUBMIT, TOKEN, VerifierTest

BRIEF = 0.5  # for an answer that need not come: what is asserted holds without one, too


class HostileTest(VerifierTest):
    def tearDown(self):
        """Whatever was done, an honest client has its session."""
        client = self.verifier.client()
        path, nonce = self.open_session(client=client)
        answer = self.send(path, self.evidence(nonce), client=client)
        self.assertEqual(answer.json["status"], "complete", str(answer))
        client.close()

    def raw(self, octets: bytes, patience: float = WAIT) -> bytes:
        """The beginning of what comes back for OCTETS; nothing, where none has come when PATIENCE ends."""
        with socket.create_connection(("127.0.0.1", self.verifier.port), WAIT) as connection:
            connection.settimeout(patience)
            try:
                connection.sendall(octets)
            except OSError:
                pass  # it was answered and closed before all had come
            answer = b""
            try:
                while b"\r\n" not in answer:
                    part = connection.recv(65536)
                    if not part:
                        break
                    answer += part
            except OSError:
                pass
            return answer

    def status_of(self, answer: bytes) -> int:
        return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0

    def all_of(self, octets: bytes) -> bytes:
        """All that comes back for OCTETS and the end of this side."""
        with socket.create_connection(("127.0.0.1", self.verifier.port), WAIT) as connection:
            connection.sendall(octets)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def test_a_client_that_ends_its_side_has_its_answers(self):
        get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        for _ in range(20):  # whatever is faster
            self.assertEqual(self.status_of(self.all_of(get)), 200)
            self.assertEqual(self.status_of(self.all_of(f"POST {NEW} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())), 201)
        self.assertEqual(self.all_of(5 * get).count(b"HTTP/1.1 200 OK"), 5)
        path, nonce = self.open_session()
        body = self.evidence(nonce)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {CMW}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.assertIn(b'"status":"complete"', self.all_of(head + body))

    def test_a_body_beyond_the_bound_is_413(self):
        path, _ = self.open_session()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {CMW}\r\n".encode()
        size = 200 * 1024
        announced = self.raw(head + f"Content-Length: {size}\r\n\r\n".encode() + bytes(1000))
        self.assertEqual(self.status_of(announced), 413)
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        chunked = self.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + 3 * chunk + b"0\r\n\r\n")
        self.assertEqual(self.status_of(chunked), 413)
        endless = self.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + 40 * chunk, BRIEF)
        self.assertIn(self.status_of(endless), (0, 413))
        submit = f"POST {SUBMIT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
        self.assertEqual(self.status_of(self.raw(submit + b"Content-Length: 99999999999\r\n\r\n")), 413)
        self.assertEqual(self.status_of(self.raw(b"POST " + NEW.encode() + b" HTTP/1.1\r\nHost: x\r\n"
                                                 b"Content-Length: 1000000\r\n\r\n")), 413)

    def test_what_an_operator_does_wrong_is_said_in_a_sentence(self):
        """Problem details name what was found and what is wanted."""
        path, nonce = self.open_session()
        plain = {"Content_Type": "text/plain", "Authorization": f"Bearer {TOKEN}"}
        signed = {"Content_Type": "application/rim+cose", "Authorization": f"Bearer {TOKEN}"}
        for status, words, answer in (
                (401, "there was none", self.client.ask("POST", SUBMIT, self.corim, Content_Type=PSA_CORIM)),
                (401, "it was another", self.client.submit(self.corim, token="wrong-horse-battery")),
                (401, "it was another", self.client.ask("POST", SUBMIT, self.corim, Content_Type=PSA_CORIM, Authorization="Basic !")),
                (405, "takes GET, POST, DELETE, and no other", self.client.ask("PUT", path, b"")),
                (405, "takes POST, and no other", self.client.ask("GET", NEW)),
                (415, "no Evidence of type text/plain", self.send(path, b"x", "text/plain")),
                (415, "there is no Content-Type", self.send(path, b"x", None)),
                (415, "more characters than any has", self.send(path, b"x", "x/" + "y" * 2000)),
                (415, "Content-Type is text/plain", self.client.ask("POST", SUBMIT, self.corim, **plain)),
                (400, "the body is empty", self.send(path, b"")),
                (400, "not the id of a session", self.client.ask("GET", path[:-1])),  # 85 characters of base64 are never octets
                (404, "expired", self.client.ask("GET", path[:-1] + ("A" if path[-1] != "A" else "Q"))),
                (404, "no such resource", self.client.ask("GET", "/nowhere"))):
            with self.subTest(words):
                self.assertIn(words, self.problem(answer, status)["detail"])
        for target, octets in ((path, 131072), (SUBMIT, 4194304), (NEW, 4096)):
            head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {octets + 1}\r\n\r\n".encode()
            self.assertIn(f"more than the {octets} octets that go here".encode(), self.all_of(head))
        answer = self.client.ask("POST", SUBMIT, self.corim, **signed)
        self.assertIn("found that of a signed CoRIM, expected that of one without, which this is", answer.json["failure-reason"])
        self.assertEqual(self.send(path, self.evidence(nonce)).json["status"], "complete")  # the session outlived all of it

    def test_the_bounds_of_a_body_are_exact(self):
        path, _ = self.open_session()
        most = 128 * 1024
        self.assertEqual(self.send(path, bytes(most), "text/plain").status, 415)
        self.assertEqual(self.send(path, bytes(most + 1), "text/plain").status, 413)

    def test_targets_and_headers_beyond_the_bound(self):
        for size in (2000, 3000, 20000, 200000):
            answer = self.raw(b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: x\r\n\r\n", BRIEF)
            self.assertIn(self.status_of(answer), (404, 414, 431, 0), answer[:100])
            self.assertNotEqual(self.status_of(answer), 404 if size > 2048 else 414)
            answer = self.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * size + b"\r\n\r\n", BRIEF)
            self.assertIn(self.status_of(answer), (200, 400, 413, 431, 0), answer[:100])
        path, nonce = self.open_session()
        for size, wanted in ((6000, True), (9000, False)):  # all headers have 8 KiB
            answer = self.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * size + b"\r\n\r\n")
            self.assertEqual(self.status_of(answer) == 200, wanted, answer[:100])
        long = self.client.ask("POST", path, self.evidence(nonce), Content_Type=CMW, Accept=SESSION, X="a" * 6000)
        self.assertEqual(long.json["status"], "complete")
        many = b"".join(b"X%d: y\r\n" % number for number in range(10000))
        self.assertNotEqual(self.status_of(self.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n", BRIEF)), 200)

    def test_what_is_no_http_is_no_trouble(self):
        chance = random.Random(1)
        for octets in (b"", b"\0" * 100, b"\r\n" * 1000, b"GET", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00",
                       b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                       b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
                       b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
                       b"GET //../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%00%ff HTTP/1.1\r\nHost: x\r\n\r\n",
                       *(chance.randbytes(chance.randrange(500)) for _ in range(15))):
            self.assertIn(self.status_of(self.raw(octets, BRIEF)), (0, 400, 404, 405, 413, 505), octets[:60])

    def test_what_a_proxy_may_read_otherwise_is_refused_and_ends_the_connection(self):
        """Where a request ends, and at which host (RFC 9112, 3.2, 6.1 and 6.3): nothing behind it is answered."""
        behind = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        start = f"POST {NEW} HTTP/1.1\r\n".encode()
        # libmicrohttpd 1.0 refuses these itself, with a page of its own
        of_library = {b"exclude each other": b"<title>Malformed request<", b"there is no Host": b" header required<",
                      b"chunked, once": b"<title>Unsupported Transfer-Encoding<"}
        for status, words, head in (
                (400, b"Content-Length is given twice", b"Host: x\r\nContent-Length: 0\r\nContent-Length: 3\r\n"),
                (400, b"Content-Length is given twice", b"Host: x\r\nContent-Length: 3\r\ncontent-length: 0\r\n"),
                (400, b"exclude each other", b"Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
                (501, b"chunked, once", b"Host: x\r\nTransfer-Encoding: gzip, chunked\r\n"),
                (501, b"chunked, once", b"Host: x\r\nTransfer-Encoding: xchunked\r\n"),
                (501, b"chunked, once", b"Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
                (400, b"Host is given twice", b"Host: x\r\nhost: y\r\n"),
                (400, b"there is no Host", b"X: y\r\n")):
            with self.subTest(head):
                answer = self.all_of(start + head + b"\r\n0\r\n\r\n" + behind)
                if of_library.get(words, words) in answer:
                    status, words = 400, of_library.get(words, words)
                self.assertEqual((self.status_of(answer), len(re.findall(rb"HTTP/1\.1 \d", answer))), (status, 1), answer)
                self.assertIn(words, answer)
                self.assertIn(b"Connection: close", answer)
        chunked = self.all_of(start + b"Host: x\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n0\r\n\r\n")
        self.assertEqual(self.status_of(chunked), 201)
        self.assertEqual(self.status_of(self.all_of(b"GET /healthz HTTP/1.0\r\n\r\n")), 200)
        for head in (b"Host : x\r\n", b"Host: x\r\nContent-Length : 3\r\n"):  # a blank before the colon (5.1)
            self.assertEqual(self.status_of(self.all_of(start + head + b"\r\n")), 400)

    def test_a_target_may_name_scheme_and_host(self):
        """Servers take what is meant for proxies (RFC 9112, 3.2.2)."""
        answer = self.all_of(b"GET http://x/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertEqual(self.status_of(answer), 200)
        answer = self.all_of(f"POST HTTPS://x:1{NEW}?nonceSize=8 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        self.assertEqual(self.status_of(answer), 201)

    def test_paths_that_are_nearly_right(self):
        for path in ("/challenge-response/v1/session/../newSession", "/challenge-response/v1/session/" + "A" * 50,
                     "/challenge-response/v1/session/" + "A" * 1000, "/challenge-response/v1/session/%41",
                     "/challenge-response/v1/session/' OR 1=1 --".replace(" ", "%20"), "/challenge-response//v1/newSession",
                     "/endorsement-provisioning/v1/submissions/" + "A" * 200, NEW + "%00"):
            for method in ("GET", "POST", "DELETE"):
                with self.subTest(path=path, method=method):
                    answer = self.client.ask(method, path, b"x" if method == "POST" else None)
                    self.assertIn(answer.status, (400, 401, 404, 405, 415), str(answer))
                    self.problem(answer, answer.status)

    def test_every_prefix_and_many_mutants_of_evidence_and_endorsements(self):
        """Accepted is only what was signed; whatever else comes, there is an answer and nobody crashes."""
        path, nonce = self.open_session()
        evidence = self.evidence(nonce)
        chance = random.Random(2)
        mutants = [evidence[:length] for length in range(1, len(evidence), 7)]
        for _ in range(60):
            mutant = bytearray(evidence)
            mutant[chance.randrange(len(mutant))] ^= 1 << chance.randrange(8)
            mutants.append(bytes(mutant))
        for mutant in mutants:
            path, _ = self.open_session("?nonce=" + "A" * 43)
            answer = self.send(path, mutant)
            self.assertIn(answer.status, (200, 400, 415), str(answer))
            if answer.status == 200:
                self.assertEqual(self.claims(answer)["submods"]["PSA_IOT"]["ear.status"], "contraindicated")
        for length in range(1, len(self.corim), 11):
            self.assertEqual(self.client.submit(self.corim[:length]).json["status"], "failed")
        self.assertEqual(self.verifier.metric("appraiser_jobs_lost_total"), 0)

    def test_many_slow_connections_do_not_keep_others_out(self):
        held = []
        for number in range(200):
            connection = socket.create_connection(("127.0.0.1", self.verifier.port), 30)
            connection.sendall((b"POST /challenge-response/v1/newSession HTTP/1.1\r\nHost: x\r\nContent-Len",
                                b"P", b"POST " + NEW.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")[number % 3])
            held.append(connection)
        path, nonce = self.open_session()
        self.claims(self.send(path, self.evidence(nonce)))
        for connection in held:
            connection.close()

    def test_connections_beyond_the_bound_are_closed_and_places_come_free(self):
        bound, enough = 4096, 9000
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard != resource.RLIM_INFINITY and hard < enough:
            print(f"note: this process may have {hard} files open, and {enough} are wanted", file=sys.stderr)
            return
        for pid in (0, self.verifier.pids("front")[0]):
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(enough, before[0]), before[1]))
        self.assertEqual(self.client.ask("GET", "/healthz").status, 200)  # it is one of them
        many = [socket.create_connection(("127.0.0.1", self.verifier.port), WAIT) for _ in range(bound + 4)]

        def metric(name):
            page = self.client.ask("GET", "/metrics").body.decode()
            return int(re.search(rf"^atls_verifier_{name} (\d+)$", page, re.MULTILINE).group(1))
        wait_until(lambda: metric("connections_refused_total") >= 5, "connections that are refused")
        self.assertEqual(metric("connections_open"), bound)
        self.assertEqual(many[-1].recv(1), b"")
        for connection in many:
            connection.close()
        wait_until(lambda: metric("connections_open") == 1, "their ends")

    def test_a_client_that_goes_away_in_the_middle(self):
        for cut in (10, 60, 150, 300):
            path, nonce = self.open_session()
            evidence = self.evidence(nonce)
            request = (f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {CMW}\r\nAccept: {SESSION}\r\n"
                       f"Content-Length: {len(evidence)}\r\n\r\n").encode() + evidence
            with socket.create_connection(("127.0.0.1", self.verifier.port), 30) as connection:
                connection.sendall(request[:cut])
            with socket.create_connection(("127.0.0.1", self.verifier.port), 30) as connection:
                connection.sendall(request)  # all of it, and nobody waits for the answer


class RateTest(VerifierTest):
    options = ("--per-source", "1/s")  # no machine is so slow that it could not ask more often

    def test_more_requests_than_the_rate_are_429(self):
        answers = {}

        def both() -> bool:
            answer = self.client.ask("GET", "/healthz")
            answers[answer.status] = answer
            return len(answers) > 1

        wait_until(both, "an answer within the rate, and one beyond it")
        self.assertEqual(set(answers), {200, 429})
        answer = answers[429]
        self.problem(answer, 429)
        self.assertEqual(answer.headers["Retry-After"], "1")


class TokenTest(VerifierTest):
    def test_a_token_is_compared_whole(self):
        for token in ("", TOKEN[:-1], TOKEN + "A", TOKEN.upper(), "x" * 5000, TOKEN + " x", TOKEN + " " + TOKEN):
            self.assertIn(self.client.submit(self.corim, token=token).status, (401, 431, 400), token)

    def test_the_name_of_a_scheme_has_no_case(self):
        """RFC 9110, 11.1: and any number of blanks behind it."""
        def status(value):
            return self.client.ask("GET", "/endorsement-provisioning/v1/endorsements", Authorization=value).status

        for scheme in ("Bearer ", "bearer ", "BEARER ", "Bearer   "):
            self.assertEqual(status(scheme + TOKEN), 200, scheme)
        for wrong in ("Bearer", "Bearer ", "Bearer" + TOKEN, TOKEN, "Bearer\t" + TOKEN, f"Bearer x {TOKEN}", f"Bearer {TOKEN} x"):
            self.assertEqual(status(wrong), 401, wrong)


if __name__ == "__main__":
    main()
