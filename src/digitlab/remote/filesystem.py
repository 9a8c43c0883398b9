"""fsspec's file systems, made ready: timeouts, packages that are missing, and errors in our words.

Credentials are found by each protocol's own library in the environment. What libraries say of an error may hold the
whole address, so none of it is repeated: an error is told by its kind.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

from digitlab.errors import MissingExtraError, UsageError
from digitlab.remote.address import WEB, Address

TIMEOUT = 30.0  # seconds without an answer, or without a byte

EXTRAS = {"http": "remote", "https": "remote", "s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "hf": "hf"}
CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "hf": "HF_TOKEN",
}
CHATTY = ("huggingface_hub", "fsspec", "s3fs", "gcsfs", "aiohttp", "asyncio")


class Trouble(NamedTuple):
    """Why something remote failed: one of the kinds below, and a clause for people."""

    kind: str  # "missing", "refused", "unreachable" (perhaps not for long) or "broken"
    text: str


def look(address: Address) -> tuple[Any, str, dict[str, Any]]:
    """Return fsspec's file system for an address, its path there, and facts about what it is, asked for anew.

    Raises as `connect` does, and whatever the protocol's library raises: see `trouble`.
    """
    filesystem, path = connect(address)
    try:
        return filesystem, path, _facts(filesystem, path, address.protocol)
    except Exception as error:
        if "NoCredentials" not in type(error).__name__:
            raise
    filesystem, path = connect(address, anon=True)  # a public bucket needs none
    return filesystem, path, _facts(filesystem, path, address.protocol)


def connect(address: Address, **options: Any) -> tuple[Any, str]:
    """Return fsspec's file system for an address, and its path there.

    Args:
        address: where to.
        options: of the file system, beside our own.

    Raises:
        MissingExtraError: the package for this protocol is not installed.
        UsageError: there is no such protocol.
    """
    extra = EXTRAS.get(address.protocol)
    quieten()
    try:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations, registry
    except ModuleNotFoundError:
        raise MissingExtraError(f"{address.protocol}://", extra or "remote") from None
    if address.protocol not in known_implementations and address.protocol not in registry:
        common = "https, s3, gs, hf or file"
        raise UsageError(f"{address.shown}: {address.protocol} is no protocol that is known; use {common}")
    try:
        filesystem, path = url_to_fs(address.url, **_options(address.protocol), **options)
    except (ImportError, ValueError):
        if extra:
            raise MissingExtraError(f"{address.protocol}://", extra) from None
        raise UsageError(
            f"{address.shown} needs a package of its own ({_package(address.protocol)}); install that, or use https"
        ) from None
    return filesystem, path


def quieten() -> None:
    """Keep libraries from telling of retries on standard error, where they would show whole addresses."""
    for library in CHATTY:
        logging.getLogger(library).setLevel(logging.CRITICAL)


def trouble(error: BaseException, address: Address) -> Trouble:
    """Return what an error of a file system means."""
    chain = list(_chain(error))
    names = " ".join(kind.__name__ for link in chain for kind in type(link).__mro__)
    status = next((status for link in chain if (status := _status(link))), 0)
    where = address.shown
    if "PayloadError" in names or "Incomplete" in names or "ContentLength" in names:
        return Trouble("broken", f"the transfer of {where} was cut off; try again")
    if status in (401, 403) or (not status and ("Credentials" in names or "PermissionError" in names)):
        return Trouble("refused", f"no permission for {where}; {_hint(address)}")
    if status in (404, 410) or "RepositoryNotFound" in names:
        return Trouble("missing", f"there is nothing at {where}; check the address")
    if status:
        return Trouble("unreachable" if status >= 500 or status == 429 else "broken", _answered(where, status))
    if "Timeout" in names:
        return Trouble("unreachable", f"no answer from {where} within {TIMEOUT:g} seconds; check the network")
    if any(word in names for word in ("Connection", "ConnectError", "Connector", "Network", "gaierror")):
        return Trouble("unreachable", f"no connection for {where}; check the network and the address")
    if "FileNotFoundError" in names or "NoSuch" in names:
        return Trouble("missing", f"there is nothing at {where}; check the address")
    return Trouble("broken", f"{where} cannot be used ({type(chain[-1]).__name__}); check the address")


def _facts(filesystem: Any, path: str, protocol: str) -> dict[str, Any]:
    filesystem.invalidate_cache()
    facts = dict(filesystem.info(path, expand_info=True) if protocol == "hf" else filesystem.info(path))
    if protocol in WEB and path.partition("?")[0].endswith("/"):
        facts["type"] = "directory"  # a page of links, as far as anyone can tell
    return facts


def _options(protocol: str) -> dict[str, Any]:
    if protocol in WEB:
        try:
            from aiohttp import ClientTimeout
        except ModuleNotFoundError:
            raise MissingExtraError(f"{protocol}://", EXTRAS[protocol]) from None
        return {"client_kwargs": {"timeout": ClientTimeout(total=None, sock_connect=TIMEOUT, sock_read=TIMEOUT)}}
    if protocol in ("s3", "s3a"):
        return {"config_kwargs": {"connect_timeout": TIMEOUT, "read_timeout": TIMEOUT}}
    return {}


def _package(protocol: str) -> str:
    from fsspec.registry import known_implementations

    hint = str(known_implementations.get(protocol, {}).get("err", ""))
    return hint.rstrip(".") or f"for {protocol}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what caused it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int:
    """Return the HTTP status that an error of any of the libraries carries, or 0."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):  # botocore's
        found = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        found = getattr(answer, "status_code", None) or getattr(error, "status", None) or getattr(error, "code", None)
    return found if isinstance(found, int) and found >= 400 else 0


def _hint(address: Address) -> str:
    wanted = CREDENTIALS.get({"s3a": "s3", "gcs": "gs"}.get(address.protocol, address.protocol))
    return f"set {wanted} in the environment" if wanted else "its owner has to permit it"


def _answered(where: str, status: int) -> str:
    return f"{where} answers with HTTP status {status}; try again later or check the address"
