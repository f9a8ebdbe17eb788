"""Durable files: written aside, synced, then renamed; a reader sees the old content or the new, never a part."""

import os
import shutil
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` by `content` and return only when both the file and its name are on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        # A link that somebody put there is not followed.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(aside, flags, 0o666), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except BaseException:  # a full disk, or a kill from the keyboard: leave nothing behind, and let it rise
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Return when the content of a file that something else wrote is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_text(name: str) -> bool:
    """Return whether a name can be written as UTF-8; names that the system gave in other bytes cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Return when the names in `folder` are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_stamp(path: Path) -> str:
    """Return what changes when a file is written or replaced: size, time and inode; empty when it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ""
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; nothing when there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
