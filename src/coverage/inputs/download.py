"""One file from a public bucket: resumed after a break, checked, asked for again when busy."""

import email.utils
import hashlib
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

BYTES_MAX = 512 * 2**20
"""Longest file taken, bytes; a tile of GLO-30 has some 40 MB, one of SRTM at most 26 MB."""
RETRY_AFTER_MAX_S = 120.0
"""Longest wait taken from a server's Retry-After, seconds."""

_CHUNK = 256 * 1024
_BUSY = {429, 500, 502, 503, 504}
_GONE = {404, 410}
_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
_PLAIN_MD5 = re.compile(r'"([0-9a-fA-F]{32})"')


class MissingError(Exception):
    """The server has no such file."""


class UnreachableError(Exception):
    """The server cannot be reached or has no time: asking it for other files is no use."""


class WrongAnswerError(Exception):
    """The server answered, but not with this file."""


class _AgainError(Exception):
    """A try failed in a way that a further one may mend."""

    def __init__(self, failure: Exception, *, wait_s: float = 0.0) -> None:
        self.failure = failure
        self.wait_s = wait_s
        super().__init__(str(failure))


def download(
    session: requests.Session,
    url: str,
    part: Path,
    *,
    progress: Callable[[int, int | None], None],
    timeout_s: float,
    retry_waits_s: Sequence[float],
) -> None:
    """Bring a file into `part`, whole and as the server has it.

    What an earlier, broken download left in `part` is kept, and only the rest is asked for. That
    takes the server's name for this version of the file (ETag or Last-Modified), which is kept
    beside it in ``<part>.version``: halves of two versions are never joined. S3's ETag of a file
    that was uploaded in one piece is its MD5, and is compared with what arrived.

    Parameters
    ----------
    session
        Carries the proxy settings and the user agent.
    url
        Address of the file.
    part
        File to write; stays, unfinished, when the download breaks off.
    progress
        Called with the bytes that are there and the bytes of the whole, or None if the server
        does not say.
    timeout_s
        Longest silence of the server, seconds.
    retry_waits_s
        Seconds before each further try; a server's Retry-After prolongs it, up to
        `RETRY_AFTER_MAX_S`. A server to which there is no connection is not tried again.

    Raises
    ------
    MissingError
        When the server has no such file.
    UnreachableError
        When there is no connection, or still no complete answer after the last try.
    WrongAnswerError
        When the server refuses, or what it sends is not what it announced.
    OSError
        When `part` cannot be written.
    """
    for wait_s in (*retry_waits_s, None):
        try:
            return _try(session, url, part, progress, timeout_s)
        except _AgainError as again:
            if wait_s is None:
                raise again.failure from again
            time.sleep(max(wait_s, min(again.wait_s, RETRY_AFTER_MAX_S)))
        except _NO_ADDRESS as error:
            raise WrongAnswerError(f"'{url}' is not an address") from error
        except requests.RequestException as error:
            raise UnreachableError(
                f"{urlsplit(url).hostname} cannot be reached ({_short(error)})"
            ) from error
    raise AssertionError("the last try returns or raises")


def discard(part: Path) -> None:
    """Remove an unfinished download."""
    part.unlink(missing_ok=True)
    _version_file(part).unlink(missing_ok=True)


def _try(
    session: requests.Session,
    url: str,
    part: Path,
    progress: Callable[[int, int | None], None],
    timeout_s: float,
) -> None:
    have, version = _left_over(part)
    # As it is stored: an encoding in between would spoil the length, the MD5 and the resuming.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    try:
        with session.get(url, headers=headers, stream=True, timeout=timeout_s) as response:
            partial = have > 0 and response.status_code in (206, 416)
            if partial and not _goes_on(response, have, version):
                # The file has changed since, or the server counts wrongly: from the start.
                discard(part)
                _try(session, url, part, progress, timeout_s)
                return
            if response.status_code != 416 or not have:
                version = _receive(response, part, have, version, progress)
    except (requests.ReadTimeout, urllib3.exceptions.HTTPError) as error:
        raise _AgainError(_broken_off(url, error)) from error
    except requests.ConnectionError as error:
        # A connection that was there and broke; any other failure to connect will happen again.
        if error.args and isinstance(error.args[0], urllib3.exceptions.ProtocolError):
            raise _AgainError(_broken_off(url, error)) from error
        raise
    _check_md5(part, version, url)
    _version_file(part).unlink(missing_ok=True)


def _left_over(part: Path) -> tuple[int, str]:
    """Return the bytes that an earlier try left and their version; 0 if they cannot be used."""
    try:
        version = _version_file(part).read_text(encoding="utf-8")
        return (part.stat().st_size if version else 0), version
    except (FileNotFoundError, UnicodeDecodeError):
        return 0, ""


def _goes_on(response: requests.Response, have: int, version: str) -> bool:
    """Say whether an answer is about the rest of what is there: 206, or 416 when nothing lacks."""
    first = rf"{have}-\d+/(?:\d+|\*)" if response.status_code == 206 else rf"\*/{have}"
    fits = re.fullmatch(rf"bytes {first}", response.headers.get("Content-Range", "").strip())
    return bool(fits) and _version(response) in ("", version)


def _receive(
    response: requests.Response,
    part: Path,
    have: int,
    version: str,
    progress: Callable[[int, int | None], None],
) -> str:
    """Write the body and return the version that the server gave it."""
    status, url = response.status_code, response.url
    if status in _GONE:
        raise MissingError(_status(response))
    if status in _BUSY:
        raise _AgainError(
            UnreachableError(f"{urlsplit(url).hostname} is too busy ({_status(response)})"),
            wait_s=_retry_after_s(response),
        )
    if status == 206 and have:
        length = response.headers["Content-Range"].rpartition("/")[2]
    elif status == 200:
        have, version = 0, _version(response)
        length = response.headers.get("Content-Length", "")
        discard(part)
        part.touch()
        if version:
            _version_file(part).write_text(version, encoding="utf-8")
    else:
        raise WrongAnswerError(f"{url} answered {_status(response)}")
    total = int(length) if length.isdecimal() else None
    progress(have, total)
    with part.open("ab") as file:
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            have += len(chunk)
            if have > BYTES_MAX:
                break
            file.write(chunk)
            progress(have, total)
    if have > BYTES_MAX:
        discard(part)
        raise WrongAnswerError(f"{url} sends more than {BYTES_MAX >> 20} MiB, no tile")
    # urllib3 before version 2 does not notice this itself.
    if total is not None and have != total:
        raise _AgainError(_broken_off(url, f"{have} of {total} bytes"))
    return version


def _check_md5(part: Path, version: str, url: str) -> None:
    announced = _PLAIN_MD5.fullmatch(version)
    if announced is None:
        return
    with part.open("rb") as file:
        found = hashlib.file_digest(
            file, lambda: hashlib.md5(usedforsecurity=False)
        ).hexdigest()  # fmt: skip
    if found != announced[1].lower():
        discard(part)
        raise _AgainError(
            WrongAnswerError(
                f"{url} arrived damaged (MD5 {found}, the server says {announced[1].lower()})"
            )
        )


def _version(response: requests.Response) -> str:
    """Return what If-Range accepts: a strong ETag, else Last-Modified, else nothing."""
    tag = str(response.headers.get("ETag", ""))
    return tag if tag.startswith('"') else str(response.headers.get("Last-Modified", ""))


def _version_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _retry_after_s(response: requests.Response) -> float:
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    with suppress(ValueError, TypeError):
        until = email.utils.parsedate_to_datetime(value)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    return 0.0


def _broken_off(url: str, reason: Exception | str) -> UnreachableError:
    said = reason if isinstance(reason, str) else _short(reason)
    return UnreachableError(f"{urlsplit(url).hostname} broke off ({said})")


def _status(response: requests.Response) -> str:
    return f"{response.status_code} {response.reason or ''}".strip()


def _short(error: Exception) -> str:
    # requests wraps what went wrong into urllib3's count of tries, which says nothing of use.
    inner = getattr(error.args[0], "reason", None) if error.args else None
    told = inner if isinstance(inner, Exception) else error
    return f"{type(told).__name__}: {str(told)[:200]}"
