"""What is deployed on Ray has Ray's schema and Kubernetes'; no cluster is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from covidxray_api.bulk import ray_serve
from covidxray_api.bulk.ray_cluster import ENVIRONMENT, SERVING
from covidxray_api.bulk.ray_screener import APPLICATION
from covidxray_api.errors import InvalidConfiguration
from covidxray_api.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
CONFIGURATION = yaml.safe_load((DEPLOY / "ray" / "serve.yaml").read_text(encoding="utf-8"))
SERVICE = yaml.safe_load((DEPLOY / "kubernetes" / "rayservice.yaml").read_text(encoding="utf-8"))
CLUSTER = SERVICE["spec"]["rayClusterConfig"]


# Ray's own schemas are written for an earlier pydantic.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_the_configuration_is_one_of_ray_serve() -> None:
    from ray.serve.schema import ServeDeploySchema

    (described,) = ServeDeploySchema.model_validate(CONFIGURATION).applications

    module, _, name = described.import_path.partition(":")
    assert module == ray_serve.__name__
    assert callable(getattr(ray_serve, name))
    assert described.name == APPLICATION
    assert described.args.keys() - {"least", "most"} <= Settings.model_fields.keys()


def test_kuberay_is_given_the_same() -> None:
    assert (SERVICE["apiVersion"], SERVICE["kind"]) == ("ray.io/v1", "RayService")
    assert yaml.safe_load(SERVICE["spec"]["serveConfigV2"]) == CONFIGURATION


@pytest.mark.parametrize("group", [CLUSTER["headGroupSpec"], *CLUSTER["workerGroupSpecs"]])
def test_pods_have_the_schema_of_kubernetes(group: dict[str, Any]) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ray"}, **group["template"]}

    for version in ("1.30", "1.37"):
        kubernetes_validate.validate(pod, version, strict=True)
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    (container,) = pod["spec"]["containers"]
    assert {each["name"]: each["value"] for each in container["env"]} == ENVIRONMENT | SERVING


def test_nobody_is_let_in_by_a_configuration_that_forgets_to_say_who_may_call() -> None:
    with pytest.raises(InvalidConfiguration, match="open"):
        ray_serve.application({"default_model": "multi-source"})
