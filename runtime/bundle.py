"""Reading bundles: a folder, or one `.etlc` zip of it. The only code that does.

Every file is read whole, its size and SHA-256 compared with `bundle.json`, and only then handed to
a parser, as the very bytes that were checked. Files that `bundle.json` does not list are never
read. A bundle's digest is the SHA-256 of its `bundle.json`, which names all other digests.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgetlc.errors import BundleError, InputError
from edgetlc.runtime.engines import Engine, available_engines, open_engine
from edgetlc.runtime.schema import BundleManifest, ModelRecord

BUNDLE_FILE = "bundle.json"
ARCHIVE_SUFFIX = ".etlc"
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
MAX_REPORT_BYTES = 64 * 1024 * 1024
MAX_MODEL_BYTES = 2 * 1024**3
REPORTS = "reports/"


@dataclass(frozen=True)
class Bundle:
    """An open bundle; its files are checked when they are read.

    Attributes:
        path: the folder or the `.etlc` file.
        manifest: the content of `bundle.json`.
        digest: SHA-256 of `bundle.json`, 64 hexadecimal digits.
    """

    path: Path
    manifest: BundleManifest
    digest: str

    @staticmethod
    def open(path: Path) -> Bundle:
        """Open a bundle.

        Raises:
            BundleError: nothing there, no bundle, or a damaged `bundle.json`.
        """
        if not path.exists():
            raise BundleError("no bundle at {path}; 'edgetlc export' writes one", path=path)
        content = _read(path, BUNDLE_FILE, MAX_MANIFEST_BYTES)
        manifest = BundleManifest.parse(content)
        return Bundle(path, manifest, hashlib.sha256(content).hexdigest())

    def read(self, name: str) -> bytes:
        """Return a listed file's content after checking its size and digest.

        Raises:
            BundleError: not listed, missing, or changed since the bundle was written.
        """
        record = self.manifest.files.get(name)
        if record is None:
            raise BundleError(
                "{name} is not part of the bundle {bundle}", name=name, bundle=self.path
            )
        if record.bytes > MAX_MODEL_BYTES:
            raise BundleError(
                "{name} is {bytes} bytes long; {allowed} are allowed",
                name=name,
                bytes=record.bytes,
                allowed=MAX_MODEL_BYTES,
            )
        content = _read(self.path, name, record.bytes)
        if len(content) != record.bytes or hashlib.sha256(content).hexdigest() != record.sha256:
            raise BundleError(
                "{name} was changed after the bundle {bundle} was written; do not use it, get "
                "the bundle again",
                name=name,
                bundle=self.path,
            )
        return content

    def content(self, name: str) -> bytes:
        """Return the checked content of a listed file or of `bundle.json`.

        Raises:
            BundleError: as `read` does, or `bundle.json` was changed since the bundle was opened.
        """
        if name != BUNDLE_FILE:
            return self.read(name)
        content = _read(self.path, name, MAX_MANIFEST_BYTES)
        if hashlib.sha256(content).hexdigest() != self.digest:
            raise BundleError(
                "{bundle} was changed while it was open; run the command again", bundle=self.path
            )
        return content

    def report(self, name: str) -> bytes | None:
        """Return a report that was added after the bundle was written; None where there is none.

        Reports are not listed in `bundle.json`; each says itself which digest it speaks of.

        Raises:
            BundleError: larger than any report, or unreadable.
        """
        if name not in _names(self.path):
            return None
        content = _read(self.path, name, MAX_REPORT_BYTES)
        if len(content) > MAX_REPORT_BYTES:
            raise BundleError(
                "{name} is longer than the {most} bytes of a report",
                name=name,
                most=MAX_REPORT_BYTES,
            )
        return content

    def check(self) -> tuple[str, ...]:
        """Read every listed file; return the names of files present but not listed.

        Reports, added after the bundle was written, are no strangers.

        Raises:
            BundleError: a listed file is missing or changed.
        """
        for name in self.manifest.files:
            self.read(name)
        known = {BUNDLE_FILE, *self.manifest.files, *self.reports()}
        return tuple(sorted(name for name in _names(self.path) if name not in known))

    def reports(self) -> tuple[str, ...]:
        """Return the names of the reports that were added after the bundle was written."""
        return tuple(sorted(name for name in _names(self.path) if name.startswith(REPORTS)))

    def model(self, wanted: str | None = None) -> ModelRecord:
        """Return the model with id `wanted`, or the one to use where nothing is asked.

        Without a wish, int8 comes before fp32 and ONNX before the other formats: it runs in every
        installation.

        Raises:
            InputError: no such model.
        """
        models = self.manifest.models
        if wanted is None:
            return min(models, key=lambda m: (m.precision != "int8", m.format != "onnx"))
        by_id = {model.id: model for model in models}
        if wanted not in by_id:
            known = ", ".join(by_id)
            raise InputError(
                "the bundle has no model {wanted!r}; it has {known}", wanted=wanted, known=known
            )
        return by_id[wanted]

    def load(
        self, model: ModelRecord, engine: str | None = None, threads: int | None = None
    ) -> Engine:
        """Load a model into an engine.

        Args:
            model: one of `manifest.models`.
            engine: None takes the model's preferred one that is installed.
            threads: processor threads; None leaves the choice to the engine.

        Raises:
            InputError: the engine cannot run this model or is not installed.
            BundleError: damaged files.
        """
        installed = [name for name in model.engines if name in available_engines()]
        chosen = engine or (*installed, *model.engines)[0]
        if chosen not in model.engines:
            raise InputError(
                "{id} runs on {engines}, not on {chosen}",
                id=model.id,
                engines=", ".join(model.engines),
                chosen=chosen,
            )
        return open_engine(chosen, [self.read(name) for name in model.files], threads)


def _names(path: Path) -> Sequence[str]:
    if path.is_dir():
        return [p.relative_to(path).as_posix() for p in path.rglob("*") if not p.is_dir()]
    with zipfile.ZipFile(path) as archive:
        return [entry.filename for entry in archive.infolist() if not entry.is_dir()]


def _read(path: Path, name: str, limit: int) -> bytes:
    """Return at most limit + 1 bytes of a file in a folder or a zip."""
    try:
        if path.is_dir():
            with (path / name).open("rb") as stream:
                return stream.read(limit + 1)
        with zipfile.ZipFile(path) as archive, archive.open(name) as member:
            return member.read(limit + 1)
    except (FileNotFoundError, KeyError):
        raise BundleError(
            "{path} is not a whole bundle: {name} is missing", path=path, name=name
        ) from None
    except Exception as error:  # a damaged zip makes its reader raise almost anything
        raise BundleError(
            "{path} is not a readable bundle: {reason}", path=path, reason=error
        ) from None
