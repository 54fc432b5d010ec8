"""What is built, under which name, and when it has to be built again."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from localcluster import gobuild, modules
from localcluster.errors import ClusterError
from localcluster.modules import ALL, CLUSTER, S3, Image, Module, required

GOMOD = """\
module example.dev/x

go 1.25.0

require k8s.io/kubernetes v1.35.4

require (
\tgithub.com/a/b/v2 v2.1.0-rc.1
\tk8s.io/api v0.36.2 // indirect
)

replace (
\tk8s.io/api => k8s.io/api v0.35.4
)
"""


@dataclass(frozen=True)
class ModuleIn(Module):
    """A module in a folder of the test's own."""

    where: Path = Path()

    @property
    def folder(self) -> Path:
        """Where go.mod lies."""
        return self.where


@pytest.fixture
def module(tmp_path: Path) -> ModuleIn:
    """A small module on disk."""
    (tmp_path / "go.mod").write_text(GOMOD)
    (tmp_path / "go.sum").write_text("sums\n")
    stamps = {"k8s.io/component-base/version.gitVersion": "k8s.io/kubernetes"}
    return ModuleIn("x", {"server": "./server"}, stamps=stamps, where=tmp_path)


def test_versions_are_read_from_go_mod_alone() -> None:
    """A version that stood in two places would one day differ."""
    assert required(GOMOD, "k8s.io/kubernetes") == "v1.35.4"
    assert required(GOMOD, "github.com/a/b/v2") == "v2.1.0-rc.1"
    with pytest.raises(ClusterError, match=r"requires no k8s\.io/nothing"):
        required(GOMOD, "k8s.io/nothing")


def test_kubernetes_says_its_release() -> None:
    """Unstamped, the API calls itself v0.0.0 and charts with a kubeVersion refuse it."""
    flags = gobuild.linker_flags(CLUSTER)
    version = CLUSTER.version("k8s.io/kubernetes")
    assert re.fullmatch(r"v1\.35\.\d+", version)
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        assert f"-X={package}.gitVersion={version}" in flags
        assert f"-X={package}.gitMajor=1" in flags
        assert f"-X={package}.gitMinor=35" in flags


def test_only_what_a_benchmark_compares_is_compiled_with_every_optimization() -> None:
    """A peer that we slowed down would make us look fast; everything else should be built soon."""
    inlined = [one.name for one in ALL if not any(" -l" in word for word in gobuild.command(one, Path("/")))]
    assert inlined == ["argo-rollouts"]


def test_every_library_of_kubernetes_is_of_its_release() -> None:
    """A library of another release compiles, mostly, and then behaves differently."""
    replaced = re.findall(
        r"^\tk8s\.io/\S+ => k8s\.io/\S+ (v\S+)$", (CLUSTER.folder / "go.mod").read_text(), re.MULTILINE
    )
    assert set(replaced) == {"v0" + CLUSTER.version("k8s.io/kubernetes").removeprefix("v1")}


def test_a_build_depends_on_the_file_tree_and_the_compiler(module: ModuleIn) -> None:
    """A stale binary after a bump of a pin, or of Go, would be a riddle for hours."""
    key = gobuild.key(module, "go1.26.8")
    assert key == gobuild.key(module, "go1.26.8")
    assert key != gobuild.key(module, "go1.26.9")
    (module.where / "go.sum").write_text("other sums\n")
    assert key != gobuild.key(module, "go1.26.8")


def test_a_new_file_or_image_asks_for_a_new_build(module: ModuleIn) -> None:
    """Our own small programs beside go.mod count like the pins, and so does what is packed."""
    key = gobuild.key(module, "go1")
    (module.where / "main.go").write_text("package main\n")
    with_file = gobuild.key(module, "go1")
    with_image = gobuild.key(
        ModuleIn("x", module.programs, images=(Image("a:1", "server"),), where=module.where), "go1"
    )
    assert len({key, with_file, with_image}) == 3


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("go.etcd.io/etcd/server/v3", "server"),
        ("go.etcd.io/etcd/etcdctl/v3", "etcdctl"),
        ("sigs.k8s.io/kind", "kind"),
        ("./relay", "relay"),
        ("example.dev/x/vault", "vault"),
    ],
)
def test_the_compilers_name_for_a_program_is_known(package: str, name: str) -> None:
    """It is renamed from there to its own name."""
    assert gobuild.built_name(package) == name


def test_no_path_of_the_machine_and_no_c_goes_into_a_program() -> None:
    """Programs are static, so that an image can consist of one file."""
    line = gobuild.command(S3, Path("/out"))
    assert {"-trimpath", "-buildvcs=false"} <= set(line)
    assert line[line.index("-o") + 1] == "/out/"
    assert gobuild.ENVIRONMENT["CGO_ENABLED"] == "0"


def test_a_build_never_changes_the_pins() -> None:
    """`go build` that rewrites go.mod would leave a dirty tree and unpinned code."""
    assert gobuild.ENVIRONMENT["GOFLAGS"] == "-mod=readonly"


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_every_module_pins_what_it_builds(module: Module) -> None:
    """A program whose module is not required directly would change with its dependents."""
    text = (module.folder / "go.mod").read_text()
    direct = {
        name
        for name, _ in re.findall(
            r"^\s*(?:require )?(\S+/\S+) (v\S+)$", text.partition("replace (")[0], re.MULTILINE
        )
    }
    for package in module.programs.values():
        own = package.startswith("./") and (module.folder / package / "main.go").is_file()
        assert own or any(f"{package}/".startswith(f"{name}/") for name in direct), package
    assert (module.folder / "go.sum").stat().st_size > 0


def test_images_consist_of_programs_that_are_built() -> None:
    """An image of a program that nobody builds would fail at the very end of a long build."""
    for module in modules.ALL:
        assert {image.program for image in module.images} <= set(module.programs)
