"""What is started in a session of its own takes no more of the machine than who started it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localcluster import init

SLEEPER = """
import subprocess
from pathlib import Path
from localcluster.init import weigh_as_we_do
with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
    weigh_as_we_do(child.pid)
    print(Path(f"/proc/{child.pid}/autogroup").read_text())
    child.kill()
"""


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel does not weigh sessions")
@pytest.mark.parametrize("nice", [0, 5])
def test_the_session_of_a_component_is_as_nice_as_the_cluster(nice: int) -> None:
    """Tests that stay behind others must not have a control plane that does not."""
    package = str(Path(init.__file__).resolve().parent.parent)
    command = ["nice", "-n", str(nice), sys.executable, "-c", SLEEPER]
    told = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": package}
    )
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert told.stdout.split()[-2:] == ["nice", str(min(19, before + nice))]
