"""The first act: a cluster, both images on its node, the chart in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slipway_demo.platform import ROOT
from slipway_demo.shell import Shell
from slipway_demo.stage import Stage

RELEASE = "slipway"
NAMESPACE = "slipway-system"


def install(stage: Stage) -> None:
    """Brings up what is missing; the first time some minutes, afterwards seconds."""
    console, shell, cluster = stage.console, stage.shell, stage.cluster
    console.step("Kubernetes on this machine and Slipway's two images (the first time: some minutes)")
    with ThreadPoolExecutor(1) as beside:  # one compiles and one unpacks: together they take less time
        built = beside.submit(build_images, shell)
        cluster.up()
        images = built.result()
    console.step("the images onto the node")
    cluster.load([(reference, archive) for reference, archive in images.values()])
    console.step(f"the chart, into namespace {NAMESPACE}")
    install_chart(shell, {name: reference for name, (reference, _) in images.items()})
    console.say(shell.read("kubectl", "get", "deployments", f"--namespace={NAMESPACE}"))


def build_images(shell: Shell) -> dict[str, tuple[str, Path]]:
    """Reference and archive of each image by its name; builds only what has changed."""
    lines = shell.show(str(ROOT / "hack" / "images" / "build")).splitlines()
    rows = (line.split("\t") for line in lines)
    return {name: (reference, Path(archive)) for name, reference, archive in rows}


def install_chart(shell: Shell, references: dict[str, str]) -> None:
    """`helm upgrade --install --wait` with exactly these images."""
    chart = ROOT / "charts" / "slipway"
    place = [f"--namespace={NAMESPACE}", "--create-namespace", "--wait", "--timeout=3m"]
    shell.read("helm", "upgrade", "--install", RELEASE, str(chart), *place, *image_values(references))
    # Helm installs a CRD once and never changes it: for a cluster that has an older one.
    crds = ["--server-side", "--force-conflicts", f"--filename={chart / 'crds'}"]
    shell.read("kubectl", "apply", *crds)


def image_values(references: dict[str, str]) -> list[str]:
    """The chart's values for the operator's and the runtime's image."""
    values = {"operator": "image", "runtime": "runtimeImage"}
    settings = []
    for name, reference in references.items():
        repository, _, tag = reference.rpartition(":")
        settings += [
            f"--set-string={values[name]}.repository={repository}",
            f"--set-string={values[name]}.tag={tag}",
        ]
    return settings
