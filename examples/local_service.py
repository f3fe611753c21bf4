"""A small stand-in for a Purview account, on this machine alone: what `quickstart.py` talks to when no real account is named.

It has an identity endpoint and a few routes of five planes, keeps what it is given in memory, and checks what a real service
checks: the Bearer token on every call, the api-version where an operation has one, and the kind of a body. Standard library only.
Every value in it is invented.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

Json = dict[str, Any]

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT_ID = "66666666-7777-8888-9999-000000000000"
CLIENT_SECRET = "invented+secret&for=the%local~service"
RESOURCE = "https://purview.azure.net"
ENTITY_GUID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

SCANNING, ACCOUNT, POLICIES = "2023-09-01", "2023-10-01-preview", "2021-07-01-preview"
NO_VERSION = ""  # the operation declares no api-version, so none may be sent


class Answer(NamedTuple):
    """What a route gives back; no body where `body` is None."""

    status: int
    body: Json | list[Json] | None = None


class Call(NamedTuple):
    """What a route is given: the matched parts of the path, the query, the JSON body and the address of this service."""

    names: tuple[str, ...]
    query: dict[str, str]
    body: Json
    base: str


def error(status: int, code: str, message: str) -> Answer:
    """The error body of Scanning, Account and the policies."""
    return Answer(status, {"error": {"code": code, "message": message}})


class Service:
    """The state of one account, and its routes: (method, pattern of the path, api-version, what answers)."""

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.token_requests = 0
        self.sources: dict[str, Json] = {
            "existing-lake": {"name": "existing-lake", "kind": "AdlsGen2", "properties": {}}
        }
        self.scans: dict[tuple[str, str], Json] = {}
        self.lock = threading.Lock()
        self.routes: list[tuple[str, re.Pattern[str], str, Callable[[Call], Answer]]] = [
            ("PUT", re.compile(r"/scan/datasources/([^/]+)"), SCANNING, self.put_source),
            ("GET", re.compile(r"/scan/datasources/([^/]+)"), SCANNING, self.get_source),
            ("GET", re.compile(r"/scan/datasources"), SCANNING, self.list_sources),
            ("PUT", re.compile(r"/scan/datasources/([^/]+)/scans/([^/]+)"), SCANNING, self.put_scan),
            ("GET", re.compile(r"/scan/datasources/([^/]+)/scans/([^/]+)"), SCANNING, self.get_scan),
            ("DELETE", re.compile(r"/scan/datasources/([^/]+)"), SCANNING, self.delete_source),
            ("DELETE", re.compile(r"/scan/datasources/([^/]+)/scans/([^/]+)"), SCANNING, self.delete_scan),
            ("GET", re.compile(r"/scan/credentials"), SCANNING, self.forbidden),
            ("GET", re.compile(r"/datamap/api/atlas/v2/entity/guid/([^/]+)"), NO_VERSION, self.get_entity),
            ("GET", re.compile(r"/account/"), ACCOUNT, self.get_account),
            ("GET", re.compile(r"/catalog/api/atlas/v2/glossary"), NO_VERSION, self.list_glossaries),
            ("GET", re.compile(r"/policyStore/metadataRoles"), POLICIES, self.list_roles),
        ]

    def answer(self, method: str, path: str, call: Call) -> Answer:
        """The answer of the first route that fits; 404 for an unknown path, 400 for a wrong api-version."""
        for verb, pattern, version, route in self.routes:
            if verb == method and (match := pattern.fullmatch(path)):
                sent = call.query.get("api-version", NO_VERSION)
                if sent != version:
                    return error(400, "UnsupportedApiVersion", f"api-version is {sent!r}, not {version!r}")
                with self.lock:
                    return route(call._replace(names=tuple(map(unquote, match.groups()))))
        return error(404, "ResourceNotFound", f"no route for {method} {path}")

    def token(self, path: str, form: dict[str, str]) -> Answer:
        """The identity endpoint in its v1 form; numbers are strings in its answer."""
        asked = (path, form.get("grant_type"), form.get("client_id"), form.get("resource"))
        if asked != (f"/{TENANT}/oauth2/token", "client_credentials", CLIENT_ID, RESOURCE):
            return Answer(
                400, {"error": "invalid_request", "error_description": "AADSTS900144: the request is not complete."}
            )
        if form.get("client_secret") != CLIENT_SECRET:
            text = "AADSTS7000215: Invalid client secret provided."
            return Answer(401, {"error": "invalid_client", "error_description": text, "error_codes": [7000215]})
        token, now = "invented-" + secrets.token_hex(16), int(time.time())
        with self.lock:
            self.tokens.add(token)
            self.token_requests += 1
        lifetimes = {
            "expires_in": "86399",
            "ext_expires_in": "86399",
            "expires_on": str(now + 86399),
            "not_before": str(now),
        }
        return Answer(200, {"token_type": "Bearer", **lifetimes, "resource": RESOURCE, "access_token": token})

    def put_source(self, call: Call) -> Answer:
        (name,) = call.names
        if "name" in call.body or "kind" not in call.body:
            return error(400, "InvalidBody", "a data source has a kind, and its name only in the path")
        created = name not in self.sources
        self.sources[name] = {"id": f"datasources/{name}", "name": name, **call.body, "creationType": "Manual"}
        return Answer(201 if created else 200, self.sources[name])

    def get_source(self, call: Call) -> Answer:
        (name,) = call.names
        if name not in self.sources:
            return error(404, "DataSource_NotFound", f"no data source {name!r}")
        return Answer(200, self.sources[name])

    def list_sources(self, call: Call) -> Answer:
        """One data source a page, so that even two sources need two requests."""
        at, names = int(call.query.get("skipToken", "0")), sorted(self.sources)
        page: Json = {"value": [self.sources[name] for name in names[at : at + 1]], "count": 1}
        if at + 1 < len(names):
            page["nextLink"] = f"{call.base}/scan/datasources?api-version={SCANNING}&skipToken={at + 1}"
        return Answer(200, page)

    def put_scan(self, call: Call) -> Answer:
        source, name = call.names
        if source not in self.sources:
            return error(404, "DataSource_NotFound", f"no data source {source!r}")
        if not str(call.body.get("kind", "")).startswith(self.sources[source]["kind"]):
            return error(
                400, "InvalidKind", f"{call.body.get('kind')!r} does not scan {self.sources[source]['kind']!r}"
            )
        created = (source, name) not in self.scans
        facts = {
            "id": f"datasources/{source}/scans/{name}",
            "name": name,
            "dataSourceName": source,
            "creationType": "Manual",
        }
        body = {
            **call.body,
            "properties": {**call.body.get("properties", {}), "createdAt": "2026-01-02T03:04:05.6789012Z"},
        }
        self.scans[source, name] = {**facts, **body}
        return Answer(201 if created else 200, self.scans[source, name])

    def get_scan(self, call: Call) -> Answer:
        if call.names not in self.scans:
            return error(404, "Scan_NotFound", f"no scan {call.names[1]!r} of {call.names[0]!r}")
        return Answer(200, self.scans[call.names[0], call.names[1]])

    def delete_source(self, call: Call) -> Answer:
        self.sources.pop(call.names[0], None)
        return Answer(204)

    def delete_scan(self, call: Call) -> Answer:
        self.scans.pop((call.names[0], call.names[1]), None)
        return Answer(204)

    def forbidden(self, call: Call) -> Answer:
        """What the service says to a principal that holds no role in the account."""
        del call
        return error(403, "Unauthorized", "Not authorized to access account")

    def get_entity(self, call: Call) -> Answer:
        if call.names != (ENTITY_GUID,):
            text = f"Given instance guid {call.names[0]} is invalid/not found"
            return Answer(404, {"requestId": ENTITY_GUID, "errorCode": "ATLAS-404-00-005", "errorMessage": text})
        attributes = {"qualifiedName": "mssql://invented.example.com/sales/dbo/orders", "name": "orders", "rows": 3}
        entity = {"guid": ENTITY_GUID, "typeName": "azure_sql_table", "attributes": attributes, "status": "ACTIVE"}
        return Answer(
            200, {"referredEntities": {}, "entity": {**entity, "lastModifiedTS": "1", "newMember": [1, None]}}
        )

    def get_account(self, call: Call) -> Answer:
        properties = {
            "endpoints": {"catalog": f"{call.base}/catalog", "scan": f"{call.base}/scan"},
            "provisioningState": "Succeeded",
        }
        return Answer(200, {"name": "local", "location": "westeurope", "properties": properties})

    def list_glossaries(self, call: Call) -> Answer:
        del call
        return Answer(
            200, [{"guid": "glossary-1", "name": "Business terms", "qualifiedName": "Business terms@Glossary"}]
        )

    def list_roles(self, call: Call) -> Answer:
        """Two pages, and the items in `values`: this plane's own way."""
        names = ["purviewmetadatarole_builtin_data-curator", "purviewmetadatarole_builtin_collection-administrator"]
        at = int(call.query.get("skipToken", "0"))
        page: Json = {"values": [{"id": names[at], "name": names[at], "type": "Microsoft.Purview/role"}]}
        if at == 0:
            page["nextLink"] = f"{call.base}/policyStore/metadataRoles?api-version={POLICIES}&skipToken=1"
        return Answer(200, page)


class Handler(BaseHTTPRequestHandler):
    """HTTP around the service: reads the request, checks the token, writes JSON."""

    service: ClassVar[Service]
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        url = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.command == "POST" and url.path.endswith("/oauth2/token"):
            form = {name: values[0] for name, values in parse_qs(content.decode()).items()}
            self._write(self.service.token(url.path, form))
        elif self.headers.get("Authorization", "").removeprefix("Bearer ") not in self.service.tokens:
            self._write(error(401, "Unauthenticated", "no valid token"))
        else:
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            body: Json = json.loads(content) if content else {}
            base = f"http://{self.headers['Host']}"
            self._write(self.service.answer(self.command, url.path, Call((), query, body, base)))

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _answer  # noqa: N815 - the names that http.server looks for

    def _write(self, answer: Answer) -> None:
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        if answer.body is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
        self.send_header("x-ms-request-id", secrets.token_hex(8))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Stays silent: the transcript is the caller's."""


class LocalService:
    """The service on a free loopback port, for as long as the context lasts; `.url` is its address, `.service` its state."""

    def __enter__(self) -> Self:
        self.service = Service()
        handler = type("BoundHandler", (Handler,), {"service": self.service})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


if __name__ == "__main__":
    with LocalService() as local:
        print(f"listening on {local.url} (tenant {TENANT}, client {CLIENT_ID}); Ctrl-C ends it")
        threading.Event().wait()
