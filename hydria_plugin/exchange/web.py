"""HTTP to a host: only to where the admin allowed, in no more time, bytes and tries than allowed, politely.

The host named in the configured address is called; others (a redirect, a link to the next page) only where ``hosts``
lists them. A name that leads to a private address is refused unless listed: a public name that suddenly points into the
own network is an attack, and an intranet's name is listed once. The connection goes to the address that was checked.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ..errors import ConfigError, FeedError
from .addresses import Gate, web_address
from .answers import Access, Answer, Refusal, refusal_of, shown
from .packed import MOST

if TYPE_CHECKING:
    import httpx

AGAIN = (429, 500, 502, 503, 504)  # a later try may succeed
MOVED = (301, 302, 303, 307, 308)
HOPS = 3
OPEN = Access()
LONGEST_PAUSE_S = 30.0
MOST_SAID = 300  # characters of what a host said
Params = Mapping[str, Any] | Sequence[tuple[str, Any]] | None


class Web:
    """Calls one host. Raises ConfigError when built with a wrong address, FeedError when a call fails.

    ``timeout_s`` is of one call, ``tries`` how often one that may succeed later is made, ``pause_s`` the least time
    between two calls, ``most`` the largest body, unpacked, in bytes.
    """

    def __init__(
        self,
        address: str,
        *,
        hosts: Sequence[str] = (),
        access: Access = OPEN,
        timeout_s: float = 20.0,
        tries: int = 3,
        pause_s: float = 0.0,
        most: int = MOST,
        sleep: Callable[[float], None] = time.sleep,
        gate: Gate | None = None,
    ) -> None:
        faults = access.faults()
        try:
            self.address = web_address(address)
        except ValueError as error:
            faults.append(str(error))
        if faults:
            raise ConfigError(faults)
        self._gate = gate or Gate.to(self.address, hosts)
        self._access, self._timeout_s, self._tries = access, timeout_s, tries
        self._pause_s, self._most, self._sleep = pause_s, most, sleep
        self._last, self._client = -1e9, None  # type: float, httpx.Client | None

    def get(self, path: str = "", params: Params = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET, tried again where that may help. ``path`` is relative to the address, or a whole address."""
        return self._call("GET", path, params, headers, None, repeatable=True)

    def send(
        self,
        path: str = "",
        body: bytes = b"",
        *,
        kind: str = "application/json",
        params: Params = None,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        repeatable: bool = False,
    ) -> Answer:
        """POST, PATCH, PUT or DELETE. ``repeatable``: the host takes the same one twice without harm."""
        return self._call(method, path, params, {"Content-Type": kind, **(headers or {})}, body, repeatable)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _call(
        self,
        method: str,
        path: str,
        params: Params,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        repeatable: bool,
    ) -> Answer:
        target = urljoin(f"{self.address.rstrip('/')}/", path) if path else self.address
        for attempt in range(1, self._tries + 1):
            last = attempt == self._tries or not repeatable
            try:
                return self._followed(method, target, params, headers, body)
            except Refusal as refusal:
                if last or refusal.status not in AGAIN:
                    raise
                wait = refusal.pause_s
            except _Broken as broken:
                if last:
                    raise FeedError(str(broken)) from broken.__cause__
                wait = 0.0
            self._sleep(min(LONGEST_PAUSE_S, max(wait, 0.5 * 2 ** (attempt - 1))))
        raise AssertionError("the last try returns or raises")

    def _followed(
        self, method: str, target: str, params: Params, headers: Mapping[str, str] | None, body: bytes | None
    ) -> Answer:
        """One call, and where it is sent on to. Only what reads is sent on."""
        for _ in range(HOPS + 1):
            answer = self._once(method, target, params, headers, body)
            if answer.status not in MOVED:
                return answer
            onward = answer.headers.get("location", "")
            next_one = joined(target, onward)
            if method != "GET" or not onward or not next_one:
                said = f"sends on to {onward[:MOST_SAID]!r}, which is not followed"
                raise Refusal(f"{answer.place}: {said}", answer.status, b"")
            target, params = next_one, None
        raise FeedError(f"{method} {shown(target)}: is sent on more than {HOPS} times")

    def _once(
        self, method: str, target: str, params: Params, headers: Mapping[str, str] | None, body: bytes | None
    ) -> Answer:
        import httpx

        place = f"{method} {shown(target)}"
        address, host, port = self._gate.checked(target, place)
        self._wait()
        given = {**self._own_headers(target), **(headers or {}), "Host": host if port is None else f"{host}:{port}"}
        sni = {"sni_hostname": host.strip("[]")}
        try:
            url = httpx.URL(target).copy_with(host=address)
            if params:
                url = url.copy_merge_params(dict(params) if isinstance(params, Mapping) else list(params))
            with self._opened().stream(method, url, headers=given, content=body, extensions=sni) as response:
                content = self._content(response, place)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = self._access.concealed(f"{type(error).__name__}: {error}")
            raise _Broken(f"{place}: no whole answer ({said[:MOST_SAID]})") from error
        answer = Answer(response.status_code, dict(response.headers), content, place)
        if answer.status >= 400:
            raise refusal_of(answer, self._access)
        return answer

    def _content(self, response: httpx.Response, place: str) -> bytes:
        parts, read, until = [], 0, time.monotonic() + 4 * self._timeout_s
        for part in response.iter_bytes(1 << 16):
            read += len(part)
            if read > self._most:
                raise FeedError(f"{place}: the answer is larger than {self._most:,} bytes; it is not read")
            if time.monotonic() > until:
                raise _Broken(f"{place}: the answer takes longer than {4 * self._timeout_s:g} s")
            parts.append(part)
        return b"".join(parts)

    def _own_headers(self, target: str) -> dict[str, str]:
        """Who calls. Another host than the configured one, though listed, is told no secret."""
        name = {"User-Agent": "hydria-plugin"}
        if urlsplit(target)[:2] != urlsplit(self.address)[:2]:
            return name
        return {**name, **(self._access.headers or {}), **self._access.authorization()}

    def _opened(self) -> httpx.Client:
        if self._client is None:
            import httpx

            context = httpx.create_ssl_context(verify=True, trust_env=False)
            if self._access.ca:
                import ssl

                context = ssl.create_default_context(cafile=str(self._access.ca))
            self._client = httpx.Client(
                verify=context, timeout=self._timeout_s, follow_redirects=False, trust_env=False
            )
            weakref.finalize(self, self._client.close)  # the house closes neither sources nor sinks
        return self._client

    def _wait(self) -> None:
        """Leave ``pause_s`` since the last call."""
        left = self._last + self._pause_s - time.monotonic()
        if left > 0:
            self._sleep(left)
        self._last = time.monotonic()


class _Broken(FeedError):
    """No whole answer: the network, not the host's word."""


def joined(target: str, onward: str) -> str:
    """Where a host sends on to; "" for what is no address."""
    try:
        found = urljoin(target, onward)
        return found if urlsplit(found).port != 0 else ""
    except ValueError:
        return ""
