"""A GitHub in small, served on loopback: the listing of its REST interface, and the files of the
raw host.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from purview_codegen.source.listing import blob_id

from .upstream import REPOSITORY, Json


class Host:
    """A GitHub in small: one repository, branches, trees by an id of their path, raw files."""

    def __init__(self, mirror: Path) -> None:
        self.mirror, self.branches, self.asked = mirror, dict[str, str](), list[str]()
        self.spoilt: dict[str, bytes] = {}
        self.refused: tuple[str, int, dict[str, str]] | None = (
            None  # start of path, status, headers
        )
        self.listed: dict[str, Json] = {}  # start of path -> what is answered in its stead
        self.truncated = False
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.asked.append(self.path)
                content = host.answer(self.path)
                start, status, headers = host.refused or ("none", 0, {})
                refused = self.path.startswith(start)
                self.send_response(status if refused else 404 if content is None else 200)
                for name in headers if refused else ():
                    self.send_header(name, headers[name])
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(
            target=self.server.serve_forever,
            kwargs={"poll_interval": 0.01},
            daemon=True,
        ).start()

    def answer(self, path: str) -> bytes | None:
        prefix = f"/repos/{REPOSITORY}"
        for start, value in self.listed.items():
            if path.startswith(start):
                return json.dumps(value).encode()
        if path.startswith(f"{prefix}/commits/"):
            ref = path.removeprefix(f"{prefix}/commits/")
            commit = self.branches.get(ref, ref)
            there = (self.mirror / REPOSITORY / commit).is_dir()
            return json.dumps({"sha": commit}).encode() if there else None
        if path.startswith(f"{prefix}/git/trees/"):
            return json.dumps(self.tree(path.removeprefix(f"{prefix}/git/trees/"))).encode()
        if path in self.spoilt:
            return self.spoilt[path]
        place = self.mirror / path.lstrip("/")
        return place.read_bytes() if place.is_file() else None

    def tree(self, name: str) -> Json:
        sha, _, query = name.partition("?")
        folder = self.mirror / REPOSITORY / sha.replace("..", "/")
        entries = []
        for p in sorted(folder.rglob("*") if query else folder.iterdir()):
            kind, inner = (
                ("blob", blob_id(p.read_bytes())) if p.is_file() else ("tree", f"{sha}..{p.name}")
            )
            entries.append({"path": p.relative_to(folder).as_posix(), "type": kind, "sha": inner})
        return {"sha": sha, "tree": entries, "truncated": self.truncated and bool(query)}
