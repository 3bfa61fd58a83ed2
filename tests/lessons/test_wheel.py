"""A notebook installs the wheel that lies beside it, and runs: no other calcbench is there."""

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LEFT_OUT = shutil.ignore_patterns(".*", "*.egg-info", "build", "docs", "tests", "benchmarks")

NOTEBOOK = ROOT / "lessons" / "05_partial_derivatives.ipynb"


@pytest.fixture
def wheel(tmp_path):
    """Build the wheel of a copy of the tree, without a network, in a folder of its own."""
    pytest.importorskip("setuptools", minversion="77")
    source, beside = tmp_path / "source", tmp_path / "beside"
    shutil.copytree(ROOT, source, ignore=LEFT_OUT)
    command = ["pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([sys.executable, "-m", *command, "-w", beside, source], check=True)
    (built,) = beside.iterdir()
    return built


@pytest.fixture
def python(tmp_path):
    """Make an environment that has every package of this one but calcbench."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for site in (Path(path) for path in sys.path if path.endswith("site-packages")):
        for package in site.iterdir():
            link = packages / package.name
            if "calcbench" not in package.name and package.suffix != ".pth" and not link.exists():
                link.symlink_to(package)
    venv.create(tmp_path / "venv", symlinks=True)
    (own,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (own / "packages.pth").write_text(str(packages))
    return tmp_path / "venv" / "bin" / "python"


@pytest.fixture
def kernel(tmp_path, python):
    """Let Jupyter start that Python as its kernel."""
    manager = pytest.importorskip("jupyter_client")
    folder = tmp_path / "kernels" / "fresh"
    folder.mkdir(parents=True)
    start = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": start, "display_name": "fresh", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    found = manager.kernelspec.KernelSpecManager(kernel_dirs=[str(folder.parent)])
    return manager.AsyncKernelManager(kernel_name="fresh", kernel_spec_manager=found)


@pytest.mark.full
def test_a_notebook_runs_from_the_wheel_beside_it(wheel, python, kernel, monkeypatch):
    nbclient, nbformat = map(pytest.importorskip, ("nbclient", "nbformat"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    command = [python, "-c", "import calcbench"]
    missing = subprocess.run(command, cwd=wheel.parent, capture_output=True, text=True)
    assert "No module named 'calcbench'" in missing.stderr
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    where = "import calcbench\nprint(calcbench.__file__, calcbench.problems.__module__)"
    notebook.cells.append(nbformat.v4.new_code_cell(where))
    here = {"metadata": {"path": str(wheel.parent)}}
    nbclient.NotebookClient(notebook, km=kernel, timeout=600, resources=here).execute()
    (said,) = notebook.cells[-1].outputs
    assert said.text.startswith(str(python.parents[1]))
    shown = [o.get("data", {}) for cell in notebook.cells for o in cell.get("outputs", [])]
    assert any("image/svg+xml" in data for data in shown)
