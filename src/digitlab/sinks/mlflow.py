"""MLflow: a run on the server that MLFLOW_TRACKING_URI names, or else in files in this folder.

Where MLflow is installed whole, its own default counts, a database mlflow.db; the small package that our extra brings
can only write files (mlruns). The run's number is kept in the folder of our run, so that `--resume` goes on in it.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

from digitlab import storage
from digitlab.errors import MissingExtraError, UsageError
from digitlab.remote import shown

EXPERIMENT = "digitlab"
LONGEST = 500  # characters of a parameter that every server takes
STATUS = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}

# Unless the user's environment says otherwise.
SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds; the training waits so long
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ALLOW_FILE_STORE": "true",  # else it refuses files that it can well write
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class Mlflow:
    """A sink that writes to MLflow's tracking."""

    def __init__(self, file: Path, name: str, facts: dict[str, Any]) -> None:
        """Make ready: `file` keeps the run's number, `name` is the run's. Raises MissingExtraError, UsageError."""
        for key, value in SETTINGS.items():
            os.environ.setdefault(key, value)
        try:
            import mlflow
            from mlflow.tracking import MlflowClient
        except ModuleNotFoundError:
            raise MissingExtraError("--log mlflow", "mlflow") from None
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        self._package, self._file, self._name, self._facts = mlflow, file, name, facts
        whole = importlib.util.find_spec("sqlalchemy") and importlib.util.find_spec("alembic")
        named = os.environ.get("MLFLOW_TRACKING_URI")
        kept = json.loads(file.read_text()) if file.is_file() else {}
        uri = named or kept.get("store") or (None if whole else Path("mlruns").absolute().as_uri())
        try:
            self._client = MlflowClient(uri)
        except Exception as error:  # of several kinds, all of them about the address
            raise UsageError(
                f"MLflow cannot log to {shown(uri or 'its default')} ({type(error).__name__}); set MLFLOW_TRACKING_URI"
                " to a server's address, or install all of it: pip install mlflow"
            ) from None
        self._run = kept.get("run_id", "")
        self._store = None if named else uri  # a named one may hold secrets, and is named again

    def begin(self, epoch: int) -> None:
        """Open a run in the experiment, or the one that this training had before."""
        if self._run:
            self._client.update_run(self._run, status="RUNNING")
            return
        wanted = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        found = self._client.get_experiment_by_name(wanted)
        experiment = found.experiment_id if found else self._client.create_experiment(wanted)
        self._run = self._client.create_run(experiment, run_name=self._name).info.run_id
        storage.write_json(self._file, {"run_id": self._run, "store": self._store})
        params = [self._package.entities.Param(key, str(value)[:LONGEST]) for key, value in self._facts.items()]
        self._client.log_batch(self._run, params=params)

    def log(self, figures: dict[str, float], epoch: int) -> None:
        """Add figures of an epoch."""
        now = int(time.time() * 1000)
        metrics = [self._package.entities.Metric(name, value, now, epoch) for name, value in figures.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def end(self, status: str) -> None:
        """Say how the run ended."""
        self._client.set_terminated(self._run, STATUS[status])
