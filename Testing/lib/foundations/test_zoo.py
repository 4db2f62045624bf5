"""Model folders: what is found is verified, what is imported is whole, what is removed was the user's."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from EchoSynthLib import zoo
from EchoSynthLib.errors import ModelError


def make_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"kind": "test"}))
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "network.onnx").write_bytes(b"graph")
    (folder / "README.md").write_text("a card")
    zoo.write_checksums(folder)
    return folder


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(tmp_path / "user"))
    monkeypatch.setattr(zoo.folders, "shipped_models", lambda: tmp_path / "shipped")
    return make_model(tmp_path / "shipped" / "segmenter")


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    return make_model(tmp_path / "downloads" / "my-model")


def test_a_sound_model_is_found_with_its_config_and_the_sum_of_its_weights() -> None:
    model = zoo.find("segmenter")
    assert model.config == {"kind": "test"}
    assert model.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert model.shipped


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "network.onnx", "README.md"])
def test_a_changed_file_is_named_with_the_sum_expected_and_the_sum_found(shipped: Path, name: str) -> None:
    zoo.find("segmenter")
    (shipped / name).write_bytes((shipped / name).read_bytes() + b" ")
    with pytest.raises(ModelError, match=rf"{name} is not the file .* expected [0-9a-f]{{64}}, found [0-9a-f]{{64}}"):
        zoo.find("segmenter")


def test_a_missing_file_is_named(shipped: Path) -> None:
    (shipped / "network.onnx").unlink()
    with pytest.raises(ModelError, match=r"lacks network\.onnx"):
        zoo.find("segmenter")


def test_a_file_without_a_checksum_is_refused(shipped: Path) -> None:
    (shipped / "extra.json").write_text("{}")
    with pytest.raises(ModelError, match=r"extra\.json is not listed"):
        zoo.find("segmenter")


def test_a_folder_without_checksums_is_refused(shipped: Path) -> None:
    (shipped / "SHA256SUMS").unlink()
    with pytest.raises(ModelError, match="no readable SHA256SUMS"):
        zoo.find("segmenter")


@pytest.mark.parametrize(
    "line", ["nonsense", "0" * 64 + "  ../outside", "0" * 64 + "  /etc/passwd", "0" * 64 + "  C:\\x"]
)
def test_checksums_that_lead_out_of_the_folder_are_refused(shipped: Path, line: str) -> None:
    with (shipped / "SHA256SUMS").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ModelError, match="no checksum of a file in the folder"):
        zoo.find("segmenter")


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_config_that_is_no_object_is_refused(shipped: Path, text: str) -> None:
    (shipped / "config.json").write_text(text)
    zoo.write_checksums(shipped)
    with pytest.raises(ModelError, match=r"config\.json"):
        zoo.find("segmenter")
    assert zoo.list_models()[0].problem


@pytest.mark.parametrize("name", ["weights.pt", "old.pkl", "model.ckpt", "x.PTH"])
def test_a_pickle_is_refused_when_a_model_is_made_and_when_it_is_found(shipped: Path, name: str) -> None:
    (shipped / name).write_bytes(b"")
    with pytest.raises(ModelError, match="pickle"):
        zoo.write_checksums(shipped)
    with pytest.raises(ModelError, match="pickle"):
        zoo.find("segmenter")


def test_a_link_out_of_the_folder_is_refused(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (shipped / "link.json").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match="is a link"):
        zoo.find("segmenter")


@pytest.mark.parametrize("name", ["../segmenter", "a/b", "a\\b", "", ".", "..", ".hidden", "C:x", "a\0b", "x" * 200])
def test_a_name_that_is_a_path_is_refused(name: str) -> None:
    for refuses in (zoo.find, zoo.remove):
        with pytest.raises(ModelError, match="is not a model's name"):
            refuses(name)


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="there are: segmenter"):
        zoo.find("beam-flow")


def test_an_imported_model_is_found_listed_and_removed(downloaded: Path) -> None:
    zoo.import_folder(downloaded)
    assert not zoo.find("my-model").shipped
    assert [model.name for model in zoo.list_models()] == ["segmenter", "my-model"]
    zoo.remove("my-model")
    assert [model.name for model in zoo.list_models()] == ["segmenter"]
    assert list(zoo.user_models().iterdir()) == []
    assert downloaded.is_dir()


def test_an_unsound_folder_is_not_imported_and_nothing_is_left(downloaded: Path) -> None:
    (downloaded / "network.onnx").write_bytes(b"graph cut sh")
    with pytest.raises(ModelError, match=r"network\.onnx"):
        zoo.import_folder(downloaded)
    assert not zoo.user_models().exists() or list(zoo.user_models().iterdir()) == []


def test_a_copy_that_came_out_wrong_never_gets_the_models_name(
    downloaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree

    def copies_badly(source: Path, target: Path, **options: bool) -> None:
        copy(source, target, **options)
        (target / "network.onnx").write_bytes(b"gra")

    monkeypatch.setattr(shutil, "copytree", copies_badly)
    with pytest.raises(ModelError, match=r"network\.onnx"):
        zoo.import_folder(downloaded)
    assert list(zoo.user_models().iterdir()) == []


def test_a_name_that_is_taken_is_refused(downloaded: Path, tmp_path: Path) -> None:
    zoo.import_folder(downloaded)
    with pytest.raises(ModelError, match="is a model 'my-model' already"):
        zoo.import_folder(downloaded)
    with pytest.raises(ModelError, match="already"):
        zoo.import_folder(make_model(tmp_path / "downloads" / "segmenter"))


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a folder"):
        zoo.import_folder(tmp_path / "nothing")


def test_a_shipped_model_is_never_removed(shipped: Path) -> None:
    with pytest.raises(ModelError, match="came with EchoSynth"):
        zoo.remove("segmenter")
    assert zoo.find("segmenter").path == shipped


def test_removing_a_link_leaves_what_it_points_to(downloaded: Path) -> None:
    zoo.user_models().mkdir()
    (zoo.user_models() / "linked").symlink_to(downloaded, target_is_directory=True)
    zoo.remove("linked")
    assert (downloaded / "model.safetensors").exists()


def test_a_model_without_weights_gets_no_checksums(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="safetensors"):
        zoo.write_checksums(tmp_path / "empty")


# Models of several networks, each in a sub-folder.


def make_diffusion_model(folder: Path) -> Path:
    for part in ("network", "autoencoder"):
        (folder / part).mkdir(parents=True)
        (folder / part / "weights.safetensors").write_bytes(part.encode())
    (folder / "config.json").write_text("{}")
    zoo.write_checksums(folder)
    return folder


@pytest.fixture
def several(tmp_path: Path) -> Path:
    return make_diffusion_model(tmp_path / "downloads" / "several")


def test_a_model_with_sub_folders_is_imported_verified_listed_and_removed(several: Path) -> None:
    zoo.import_folder(several)
    assert (zoo.find("several").path / "network" / "weights.safetensors").is_file()
    assert [model.problem for model in zoo.list_models()] == ["", ""]
    zoo.remove("several")
    assert list(zoo.user_models().iterdir()) == []


def test_the_sum_of_several_weights_tells_their_content_and_not_the_card(several: Path) -> None:
    def identity() -> str:
        zoo.write_checksums(several)
        return zoo.folders.read(several).sha256

    first = identity()
    sums = [line for line in (several / "SHA256SUMS").read_text().splitlines(True) if "safetensors" in line]
    assert first == hashlib.sha256("".join(sums).encode()).hexdigest()
    (several / "README.md").write_text("another card")
    assert identity() == first
    (several / "network" / "weights.safetensors").write_bytes(b"trained on")
    assert identity() != first


@pytest.mark.parametrize("name", ["network/weights.safetensors", "autoencoder/weights.safetensors"])
def test_a_changed_file_in_a_sub_folder_is_named(several: Path, name: str) -> None:
    (several / name).write_bytes(b"other")
    with pytest.raises(ModelError, match=rf"{name} is not the file"):
        zoo.import_folder(several)


@pytest.mark.parametrize("name", ["network/extra.json", "more/SHA256SUMS"])
def test_a_file_in_a_sub_folder_without_a_checksum_is_refused(several: Path, name: str) -> None:
    (several / name).parent.mkdir(exist_ok=True)
    (several / name).write_text("")
    with pytest.raises(ModelError, match=rf"{name} is not listed"):
        zoo.import_folder(several)


def test_a_pickle_in_a_sub_folder_is_refused(several: Path) -> None:
    (several / "network" / "diffusion_pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match="pickle"):
        zoo.import_folder(several)


@pytest.mark.parametrize("target", ["file", "folder"])
def test_a_link_in_a_sub_folder_is_refused(several: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "file").write_text("x")
    secret = tmp_path / "secrets" / "file" if target == "file" else tmp_path / "secrets"
    (several / "network" / "link").symlink_to(secret, target_is_directory=target == "folder")
    with pytest.raises(ModelError, match="is a link"):
        zoo.import_folder(several)
    with pytest.raises(ModelError, match="is a link"):
        zoo.write_checksums(several)


def test_the_content_is_all_that_a_pipeline_is_built_from_and_not_the_card(shipped: Path) -> None:
    def content_with(name: str, text: str) -> str:
        (shipped / name).write_text(text)
        zoo.write_checksums(shipped)
        return zoo.find("segmenter").content

    first = zoo.find("segmenter").content
    assert content_with("README.md", "another card") == first
    seen = [first]
    for name in ("config.json", "network.onnx", "model.safetensors"):
        seen.append(content_with(name, "{}"))
    assert len(set(seen)) == 4


def test_a_file_of_the_same_size_and_time_is_verified_anew(shipped: Path) -> None:
    zoo.find("segmenter")
    path = shipped / "network.onnx"
    before = path.stat()
    path.write_bytes(b"GRAPH")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ModelError, match=r"network\.onnx is not the file it should be"):
        zoo.find("segmenter")


@pytest.mark.parametrize("name", ["con", "NUL", "aux.v2", "COM1"])
def test_a_name_that_windows_takes_for_a_device_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"Windows takes .* for a device"):
        zoo.import_folder(make_model(tmp_path / "downloads" / name))


@pytest.mark.parametrize("content", ["[" * 100_000, "{", "[]", "\xff"])
def test_a_model_whose_config_is_beyond_reading_is_listed_with_its_problem_and_hides_no_other(
    tmp_path: Path, content: str
) -> None:
    odd = make_model(tmp_path / "user" / "odd")
    (odd / "config.json").write_text(content, encoding="latin-1")
    zoo.write_checksums(odd)
    assert {model.name: bool(model.problem) for model in zoo.list_models()} == {"segmenter": False, "odd": True}
    with pytest.raises(ModelError, match=r"odd.config\.json (cannot be read|holds list)"):
        zoo.find("odd")
