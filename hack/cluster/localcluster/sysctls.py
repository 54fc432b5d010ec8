"""Kernel settings that the kubelet would change for the whole machine, and how it does not get to.

The kubelet compares six settings with what it wants and writes those that differ, into the only
copy that exists. Inside the cluster's mount namespace a plain file with the wanted value lies over
each of them: the kubelet finds all as it should be and the machine keeps its own. So there is
nothing to restore, neither after a crash nor with several clusters side by side.
"""

from collections.abc import Mapping
from pathlib import Path

from localcluster.home import Home

WANTED: Mapping[str, str] = {
    "kernel/keys/root_maxbytes": "25000000",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
}
SYS = Path("/proc/sys")


def write_masks(home: Home) -> None:
    """Write the files that are laid over the settings."""
    for name, value in WANTED.items():
        mask = _mask(home, name)
        mask.parent.mkdir(parents=True, exist_ok=True)
        mask.write_text(value + "\n")


def mounts(home: Home) -> list[list[str]]:
    """Commands that lay the files over the settings; settings that this kernel lacks are left out."""
    names = [name for name in WANTED if (SYS / name).exists()]
    return [["mount", "--bind", str(_mask(home, name)), str(SYS / name)] for name in names]


def _mask(home: Home, name: str) -> Path:
    return home.inside / "sysctl" / name
