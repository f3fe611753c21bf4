"""Terms from and to CSV, and their deletion in bulk: long-running, with statuses of their own."""

from __future__ import annotations

import csv
import io
from email.parser import BytesParser
from urllib.parse import quote

from purview_testing.contracts.messages import Json, Problem, not_found
from purview_testing.sandbox.call import Behaviour, Call, Reply
from purview_testing.sandbox.state.long_running import FAILED, KIND, advance, retry_after

from .terms import GLOSSARIES, TERMS, find, glossary_of, remove, save

_STATES = ("NotStarted", "Running", "Succeeded")


def _begin(call: Call, path: str, facts: Json) -> Reply:
    """Starts an operation and replies with its address.

    The live service encodes the question mark of this address.
    """
    key = call.guid()
    record = {
        "operation": call.operation.id,
        "begun": call.settings.clock(),
        "failing": call.failing,
        "facts": facts,
    }
    call.store.put(KIND, key, record)
    link = call.link(f"{call.operation.contract.prefix}{path}/{quote(key, safe='~')}")
    shown = link if call.settings.exact else link.replace("?", "%3F", 1)
    return Reply(headers={"Operation-Location": shown, "Retry-After": retry_after(call)})


def import_terms(call: Call) -> Reply:
    """Imports a term from each row of a CSV file.

    The columns are Name, Definition and Status; a term that has the name already is updated.
    """
    if "/name/" in call.operation.path:
        glossary = glossary_of(call, name=call.arguments[0])
    else:
        glossary = find(call, GLOSSARIES, call.arguments[0])
    rows = _rows(call)
    done = 0
    for row in rows:
        name = row.get("Name") or row.get("name")
        if not name:
            continue
        anchor = {"anchor": {"glossaryGuid": glossary["guid"]}, "name": name}
        found = call.store.first(TERMS, f"n:{glossary['guid']}||{name}")
        text = row.get("Definition") or row.get("definition")
        old = found.value if found else None
        value = {**(old or {}), **anchor}
        if text:
            value["longDescription"] = text
        save(call, TERMS, value, old)
        done += 1
    facts = {"importedTerms": str(done), "totalTermsDetected": str(len(rows))}
    return _begin(call, "/glossary/terms/import", facts)


def _rows(call: Call) -> list[dict[str, str]]:
    """The rows of the CSV file in a multipart body."""
    head = f"content-type: {call.request.headers.get('content-type', '')}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + call.request.content).get_payload()
    content = b""
    for part in parts if isinstance(parts, list) else []:
        payload = part.get_payload(decode=True)  # type: ignore[union-attr, unused-ignore]
        content = payload if isinstance(payload, bytes) else b""
    try:
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig", "replace"))))
    except csv.Error as error:
        raise Problem(400, "ATLAS-400-00-01A", f"The file is not CSV: {error}") from None


def export_terms(call: Call) -> Reply:
    """Exports terms as CSV."""
    wanted = [find(call, TERMS, str(g)) for g in call.body]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Name", "Status", "Definition"])
    writer.writerows(
        [[t["name"], t.get("status", "Draft"), t.get("longDescription", "")] for t in wanted]
    )
    return Reply(content=(_media(call), out.getvalue().encode()))


def _media(call: Call) -> str:
    """The media type of the file that the operation answers with."""
    for answer in call.operation.answers.values():
        for media in answer.content:
            if "json" not in media:
                return media
    return "text/csv"


def delete_terms(call: Call) -> Reply:
    """Removes terms; those that are assigned to entities only where this is forced."""
    wanted = [find(call, TERMS, str(g)) for g in call.body]
    for term in wanted:
        assigned = call.store.total("/atlas/entities", f"term:{term['guid']}")
        if assigned and not call.query.get("forceDeleteEntityAssignment"):
            text = f"The term {term['name']} is assigned to entities"
            raise Problem(409, "ATLAS-409-00-00D", text)
    for term in wanted:
        remove(call, TERMS, term)
    counts = {"deletedTerms": str(len(wanted)), "totalTermsDetected": str(len(wanted))}
    return _begin(call, "/glossary/terms/bulkDeletion", counts)


def status(call: Call) -> Reply:
    """Shows how far an operation is; asking moves it.

    An address whose question mark was not decoded ends in an error, as it does at the service.
    """
    key = call.arguments[0]
    if "?" in key:
        raise Problem(500, "InternalServerError", f"The operation id {key!r} cannot be read")
    record = call.store.get(KIND, key)
    if record is None:
        if not call.settings.fill:
            raise not_found("Operation", key)
        return Reply({**call.example(), "id": key, "status": "Succeeded"})
    at = advance(call, KIND, key, record)
    failed = at == len(_STATES) - 1 and record["failing"] == FAILED
    value = {
        "id": key,
        "status": "Failed" if failed else _STATES[at],
        "createTime": call.now,
        "properties": record["facts"],
    }
    if failed:
        value["error"] = {
            "code": "SandboxFault",
            "message": "A fault of the sandbox made this operation fail.",
        }
    return Reply(call.known_members(value), headers={"Retry-After": retry_after(call)})


ROUTES: dict[tuple[str, str], Behaviour] = {
    ("POST", "/glossary/{}/terms/import"): import_terms,
    ("POST", "/glossary/name/{}/terms/import"): import_terms,
    ("GET", "/glossary/terms/import/{}"): status,
    ("POST", "/glossary/{}/terms/export"): export_terms,
    ("POST", "/glossary/terms:delete"): delete_terms,
    ("GET", "/glossary/terms/bulkDeletion/{}"): status,
}
