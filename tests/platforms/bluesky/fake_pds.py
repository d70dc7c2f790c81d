"""A small PDS in memory, spoken to through httpx: it keeps records, forgets tokens, and fails on command.

pds = FakePds()
pds.fail("com.atproto.repo.putRecord", error("RateLimitExceeded", 429))      # instead of doing it
pds.fail("com.atproto.repo.putRecord", httpx.ReadTimeout("late"), done=True)  # after doing it
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from bowerbird.platforms.bluesky.records import COLLECTION

URL = "https://pds.test"
DID = "did:plc:wren"
HANDLE = "wren.test"
PASSWORD = "app-password"

Answer = httpx.Response | httpx.HTTPError


def error(name: str, status: int = 400, message: str = "", **headers: str) -> httpx.Response:
    """An answer that carries an error's name, as XRPC does."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return httpx.Response(status, json={"error": name, "message": message}, headers=named)


def cid_of(value: Mapping[str, Any]) -> str:
    """A made-up CID: the same for the same record."""
    return "bafy" + hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:40]


def uri_of(rkey: str, did: str = DID) -> str:
    """The address of a post."""
    return f"at://{did}/{COLLECTION}/{rkey}"


@dataclass
class Trouble:
    """A failure to come: what is answered, and whether the work is done before."""

    answer: Answer
    done: bool


class FakePds:
    """One account's server. `calls` lists the methods asked for, in order."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.views: dict[str, dict[str, Any]] = {}
        self.handles: dict[str, str] = {HANDLE: DID}
        self.blobs: set[str] = set()
        self.pages: dict[str, list[dict[str, Any]]] = {}
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[str] = []
        self.sent: list[bytes] = []
        self.password = PASSWORD
        self.access = ""
        self.refresh = ""
        self.token_error = "ExpiredToken"
        self._numbers = count(1)
        self._troubles: dict[str, list[Trouble]] = defaultdict(list)

    def client(self) -> httpx.AsyncClient:
        """A client whose every request comes here."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self.handle))

    def fail(self, method: str, *answers: Answer, done: bool = False) -> None:
        """Answer the next calls of this method so, once each."""
        self._troubles[method] += [Trouble(answer, done) for answer in answers]

    def expire(self, name: str = "ExpiredToken") -> None:
        """Take no access token that was handed out before."""
        self.access, self.token_error = "", name

    def show(self, rkey: str, did: str = "did:plc:finch", **view: Any) -> dict[str, Any]:
        """Let the public view show a post; without a record of ours it is somebody else's."""
        record = view.pop("record", None) or self.records.get(rkey) or {"text": "Hello.", "createdAt": ""}
        author = {"did": did, "handle": f"{did.rsplit(':', 1)[1]}.test"}
        made = {
            "uri": uri_of(rkey, did),
            "cid": cid_of(record),
            "author": author,
            "record": record,
            "indexedAt": "2026-11-23T12:00:00.000Z",
            **view,
        }
        self.views[made["uri"]] = made
        return made

    def how_often(self, name: str) -> int:
        """How often the method that ends with this name was asked for."""
        return sum(1 for call in self.calls if call.endswith(f".{name}"))

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        method = request.url.path.removeprefix("/xrpc/")
        self.calls.append(method)
        await asyncio.sleep(0)  # so that callers really meet each other
        troubles = self._troubles[method]
        if not troubles:
            return self._do(method, request)
        trouble = troubles.pop(0)
        if trouble.done:
            self._do(method, request)
        if isinstance(trouble.answer, httpx.HTTPError):
            raise trouble.answer
        return trouble.answer

    def _do(self, method: str, request: httpx.Request) -> httpx.Response:
        work: Callable[[httpx.Request], httpx.Response] = getattr(self, "_" + method.rsplit(".", 1)[1])
        if work in (self._createSession, self._refreshSession):
            return work(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token or token != self.access:
            return error(self.token_error)
        return work(request)

    # --- sessions (names as in the lexicons) -------------------------------------------------------------------

    def _createSession(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        body = json.loads(request.content)
        if (body["identifier"], body["password"]) != (HANDLE, self.password):
            return error("AuthenticationRequired", 401, "Invalid identifier or password")
        return self._session()

    def _refreshSession(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        if request.headers.get("authorization") != f"Bearer {self.refresh}":
            return error("ExpiredToken", message="Token has been revoked")
        return self._session()

    def _session(self) -> httpx.Response:
        number = next(self._numbers)
        self.access, self.refresh = f"access-{number}", f"refresh-{number}"
        tokens = {"accessJwt": self.access, "refreshJwt": self.refresh}
        return httpx.Response(200, json={"did": DID, "handle": HANDLE, **tokens})

    def _getSession(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json={"did": DID, "handle": HANDLE})

    # --- the repository -----------------------------------------------------------------------------------------

    def _putRecord(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        self.sent.append(request.content)
        body = json.loads(request.content)
        rkey, record = body["rkey"], body["record"]
        images = (record.get("embed") or {}).get("images", ())
        if any(image["image"]["ref"]["$link"] not in self.blobs for image in images):
            return error("BlobNotFound", message="Could not find blob")
        if len(record["text"]) > 300:
            return error("InvalidRequest", message="grapheme too big (maximum 300)")
        if self.records.get(rkey, record) != record:
            return error("InvalidSwap", message="Record was at another CID")
        self.records[rkey] = record
        return self._place(rkey)

    def _getRecord(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        rkey = request.url.params["rkey"]
        if rkey not in self.records:
            return error("RecordNotFound")
        return self._place(rkey, value=self.records[rkey])

    def _listRecords(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        rkeys = sorted(self.records, reverse=True)[: int(request.url.params["limit"])]
        rows = [{"uri": uri_of(key), "cid": cid_of(self.records[key]), "value": self.records[key]} for key in rkeys]
        return httpx.Response(200, json={"records": rows})

    def _deleteRecord(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        self.records.pop(json.loads(request.content)["rkey"], None)
        return httpx.Response(200, json={})

    def _uploadBlob(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        link = "bafk" + hashlib.sha256(request.content).hexdigest()
        self.blobs.add(link)
        size, mime = len(request.content), request.headers["content-type"]
        blob = {"$type": "blob", "ref": {"$link": link}, "mimeType": mime, "size": size}
        return httpx.Response(200, json={"blob": blob})

    def _place(self, rkey: str, **more: Any) -> httpx.Response:
        place = {"uri": uri_of(rkey), "cid": cid_of(self.records[rkey])}
        return httpx.Response(200, json={**place, **more})

    # --- the public view ----------------------------------------------------------------------------------------

    def _resolveHandle(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        did = self.handles.get(request.url.params["handle"])
        if did is None:
            return error("InvalidRequest", message="Unable to resolve handle")
        return httpx.Response(200, json={"did": did})

    def _getProfile(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json={"did": DID, "handle": HANDLE, "followersCount": 7, "displayName": "Wren"})

    def _getPosts(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        uris = request.url.params.get_list("uris")
        assert len(uris) <= 25
        return httpx.Response(200, json={"posts": [self.views[uri] for uri in uris if uri in self.views]})

    def _searchPosts(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json={"posts": self.found.get(request.url.params["q"], [])})

    def _listNotifications(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json=self._page("notifications", request))

    def _getAuthorFeed(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json=self._page("feed", request))

    def _getPostThread(self, request: httpx.Request) -> httpx.Response:  # noqa: N802
        thread = {"replies": self.pages.get(request.url.params["uri"], [])}
        return httpx.Response(200, json={"thread": thread})

    def _page(self, name: str, request: httpx.Request) -> dict[str, Any]:
        """Pages of two, so that paging is tested with few."""
        everything, start = self.pages.get(name, []), int(request.url.params.get("cursor", "0"))
        more = {"cursor": str(start + 2)} if start + 2 < len(everything) else {}
        return {name: everything[start : start + 2], **more}
