"""HTTP: whom it calls, what it follows, when it tries again, what it never tells."""

from __future__ import annotations

import gc
import gzip
import json
from typing import Any

import pytest
from web_server import Server, text

from hydria_plugin import ConfigError, FeedError, Secret
from hydria_plugin.exchange import Access, Gate, Refusal, Web, web_address

CANARY = "canary-7f3a"


def web(server: Server, **options: Any) -> Web:
    return Web(f"{server.address}/api", sleep=lambda _: None, **options)


def test_reads_an_answer_with_parameters_and_headers(web_server: Server) -> None:
    web_server.says["/api/rows"] = [text(206, b'{"a": 1}', X_Next="2")]
    answer = web(web_server).get("rows", {"code": "A*", "size": 2})
    assert (answer.status, answer.json(), answer.headers["x-next"]) == (206, {"a": 1}, "2")
    assert web_server.calls[0][1] == "/api/rows?code=A%2A&size=2"
    assert web_server.calls[0][2]["Host"] == f"127.0.0.1:{web_server.port}"


def test_tries_again_where_that_may_help(web_server: Server) -> None:
    waits: list[float] = []
    web_server.says["/api"] = [text(503, b"busy", Retry_After="7"), text(500, b"oops"), text(200, b"[]")]
    made = Web(f"{web_server.address}/api", sleep=waits.append)
    assert made.get().json() == []
    assert waits == [7.0, 1.0]


def test_gives_up_with_the_hosts_own_words(web_server: Server) -> None:
    web_server.says["/api"] = [text(500, b"database  is\ndown")]
    with pytest.raises(Refusal, match=r"GET http://127.0.0.1:\d+/api: HTTP 500: 'database is down'") as found:
        web(web_server).get()
    assert len(web_server.calls) == 3 and found.value.status == 500


def test_a_refusal_that_stays_is_not_repeated(web_server: Server) -> None:
    web_server.says["/api"] = [text(400, b"no such filter")]
    with pytest.raises(Refusal, match="HTTP 400"):
        web(web_server).get()
    assert len(web_server.calls) == 1


def test_what_writes_is_sent_once_unless_it_may_be_repeated(web_server: Server) -> None:
    web_server.says["/api"] = [text(503)]
    with pytest.raises(Refusal):
        web(web_server).send(body=b"x")
    assert len(web_server.calls) == 1
    with pytest.raises(Refusal):
        web(web_server).send(body=b"x", repeatable=True)
    assert len(web_server.calls) == 4


def test_half_an_answer_is_none(web_server: Server) -> None:
    def half(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"rows": [')
        handler.close_connection = True

    web_server.says["/api"] = [half]
    with pytest.raises(FeedError, match="no whole answer"):
        web(web_server).get()
    web_server.says["/api"] = [half, text(200, b"[1]")]
    assert web(web_server).get().json() == [1]


def test_a_host_that_is_not_there(web_server: Server) -> None:
    web_server.close()
    with pytest.raises(FeedError, match="no whole answer .ConnectError"):
        web(web_server).get()


def test_an_answer_that_is_no_json_is_quoted(web_server: Server) -> None:
    web_server.says["/api"] = [text(200, b"<html>login</html>")]
    with pytest.raises(FeedError, match="not JSON .*'<html>login</html>'"):
        web(web_server).get().json()


def test_an_answer_too_large_or_a_bomb_is_not_read(web_server: Server) -> None:
    web_server.says["/api"] = [text(200, b"x" * 2000)]
    with pytest.raises(FeedError, match="larger than 1,000 bytes"):
        web(web_server, most=1000).get()
    web_server.says["/api"] = [text(200, gzip.compress(b"0" * 10_000_000), Content_Encoding="gzip")]
    with pytest.raises(FeedError, match="larger than 1,000,000 bytes"):
        web(web_server, most=1_000_000).get()


def test_follows_a_redirect_within_the_host_and_no_further(web_server: Server) -> None:
    web_server.says["/api"] = [text(302, Location="/v2")]
    web_server.says["/v2"] = [text(200, b"[2]")]
    assert web(web_server).get().json() == [2]
    web_server.says["/api"] = [text(302, Location="http://169.254.169.254/latest/meta-data")]
    with pytest.raises(FeedError, match=r"'169.254.169.254' is not listed"):
        web(web_server).get()
    web_server.says["/api"] = [text(302, Location="/api")]
    with pytest.raises(FeedError, match="more than 3 times"):
        web(web_server).get()


@pytest.mark.parametrize("onward", ["http://[::1/there", "http://127.0.0.1:99999/", "//[", "http://127.0.0.1:0/"])
def test_an_onward_address_that_is_none(web_server: Server, onward: str) -> None:
    web_server.says["/a"] = [text(302, Location=onward)]
    with pytest.raises(FeedError, match="sends on to .*, which is not followed|Invalid URL in location header"):
        Web(f"{web_server.address}/a", tries=1).get()


def test_what_writes_is_not_sent_on(web_server: Server) -> None:
    web_server.says["/api"] = [text(307, Location="/v2")]
    with pytest.raises(Refusal, match="not followed"):
        web(web_server).send(body=b"x")


def test_another_host_though_listed_is_told_no_secret(web_server: Server) -> None:
    other = Server()
    web_server.says["/api"] = [text(302, Location=f"http://localhost:{other.port}/here")]
    other.says["/here"] = [text(200, b"[3]")]
    access = Access(token=Secret(CANARY), headers={"X-Key": CANARY})
    assert web(web_server, hosts=["localhost"], access=access).get().json() == [3]
    assert CANARY in json.dumps(web_server.calls[0][2])
    assert CANARY not in json.dumps(other.calls[0][2])
    other.close()


def test_user_and_password_and_token(web_server: Server) -> None:
    web_server.says["/api"] = [text(200)]
    web(web_server, access=Access(user="u", password=Secret("p"))).get()
    web(web_server, access=Access(token=Secret("t"))).get()
    assert [c[2]["Authorization"] for c in web_server.calls] == ["Basic dTpw", "Bearer t"]


@pytest.mark.parametrize(
    ("access", "said"),
    [
        (Access(user="u"), "user and password go together"),
        (Access(user="u", password=Secret("p"), token=Secret("t")), "not both"),
        (Access(ca="/nowhere.pem"), "no such file"),
    ],
)
def test_access_that_cannot_be(access: Access, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Web("https://host.example", access=access)


def test_a_secret_that_the_host_repeats_is_not_told(web_server: Server) -> None:
    web_server.says["/api"] = [text(401, f"bad token {CANARY}".encode())]
    with pytest.raises(Refusal) as found:
        web(web_server, access=Access(token=Secret(CANARY))).get(params={"key": CANARY})
    assert CANARY not in str(found.value)


@pytest.mark.parametrize("address", ["ftp://host", "host.example", "https://", "http://a:b@host", "http://h:99999"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(ValueError, match="web address|user or a password"):
        web_address(address)
    with pytest.raises(ConfigError):
        Web(address)


def gate(address: str, *hosts: str, **names: str) -> Gate:
    return Gate.to(address, hosts, lambda host: [names[host.partition(".")[0]]])


@pytest.mark.parametrize(
    "private", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.9", "::1", "::ffff:10.0.0.1"]
)
def test_a_name_that_leads_into_a_private_network_must_be_listed(private: str) -> None:
    with pytest.raises(FeedError, match=r'write hosts = \["fews.example"\]'):
        gate("https://fews.example/x", fews=private).checked("https://fews.example/x", "GET")
    allowed = gate("https://fews.example/x", "fews.example", fews=private)
    assert allowed.checked("https://fews.example:8/x", "GET") == (private, "fews.example", 8)


def test_a_public_name_and_an_address_that_the_admin_wrote() -> None:
    assert gate("https://a.example", a="93.184.216.34").checked("https://a.example/b", "GET")[0] == "93.184.216.34"
    assert gate("http://10.0.0.5:80").checked("http://10.0.0.5:80/b", "GET") == ("10.0.0.5", "10.0.0.5", 80)


def test_a_name_that_is_not_found() -> None:
    def nobody(host: str) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(FeedError, match="'a.example' is not found .Name or service not known"):
        Gate.to("https://a.example", (), nobody).checked("https://a.example", "GET")


def test_what_is_no_more_used_is_closed(web_server: Server) -> None:
    web_server.says["/api"] = [text(200)]
    caller = web(web_server)
    caller.get()
    client = caller._client
    assert client is not None and not client.is_closed
    del caller
    gc.collect()
    assert client.is_closed


def test_two_calls_keep_their_distance(web_server: Server) -> None:
    waits: list[float] = []
    web_server.says["/api"] = [text(200)]
    made = Web(f"{web_server.address}/api", pause_s=5.0, sleep=waits.append)
    made.get()
    made.get()
    assert len(waits) == 1 and 4 < waits[0] <= 5
    made.close()
