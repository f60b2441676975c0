"""What the schemas of Kubernetes can't tell: that the parts fit each other and the program."""

import re

import pytest
import yaml
from django.core.management import get_commands
from django.urls import resolve

from tests.videoai.deploy.files import (
    KUBERNETES,
    dockerfile_environment,
    is_setting,
    manifests,
    of_kind,
    pod_templates,
    version,
)

TEMPLATES = pod_templates()
SERVER = TEMPLATES["videoai"]
CONTAINER = SERVER["spec"]["containers"][0]
CONFIGURATION = of_kind("ConfigMap")[0]["data"]
KUSTOMIZATION = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())


@pytest.fixture(params=TEMPLATES)
def template(request):
    return TEMPLATES[request.param]


def test_every_variable_is_a_setting():
    (secret,) = of_kind("Secret", examples=True)

    assert [name for name in [*CONFIGURATION, *secret["stringData"]] if not is_setting(name)] == []


def test_no_secret_stands_here():
    (secret,) = of_kind("Secret", examples=True)

    assert of_kind("Secret") == []
    assert set(secret["stringData"].values()) == {""}
    assert not {name for name in CONFIGURATION if re.search("KEY|PASSWORD|SECRET|_URL", name)}


def test_everything_is_applied_but_the_examples():
    files = {file.name for file in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}

    assert set(KUSTOMIZATION["resources"]) == {name for name in files if not name.endswith(".example.yaml")}


def test_images_are_pinned_in_one_place(template):
    pinned = {image["name"]: image["newTag"] for image in KUSTOMIZATION["images"]}

    assert set(pinned.values()) == {version()}
    assert {container["image"] for container in template["spec"]["containers"]} <= pinned.keys()


def test_every_pod_is_as_confined_as_the_namespace_asks(template):
    (namespace,) = of_kind("Namespace")
    spec = template["spec"]
    (container,) = spec["containers"]

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"].keys() == {"requests", "limits"}


def test_every_pod_finds_what_it_names(template):
    spec = template["spec"]
    (container,) = spec["containers"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    claims = [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in volumes.values()
        if "persistentVolumeClaim" in volume
    ]
    sources = [next(iter(source.items())) for source in container["envFrom"]]

    assert {mount["name"] for mount in container["volumeMounts"]} == volumes.keys()
    assert set(claims) <= {claim["metadata"]["name"] for claim in of_kind("PersistentVolumeClaim")}
    assert spec["serviceAccountName"] in {
        account["metadata"]["name"] for account in of_kind("ServiceAccount")
    }
    assert sources == [("configMapRef", {"name": "videoai"}), ("secretRef", {"name": "videoai"})]


def test_every_job_runs_a_command_that_there_is():
    run = {
        re.search(r"manage\.py,? (\w+)", " ".join(container.get("args") or container["command"]))[1]
        for name, template in TEMPLATES.items()
        if name != "videoai"
        for container in template["spec"]["containers"]
    }

    assert run == {"migrate", "backup", "maintain_usage", "clearsessions", "verify_audit"}
    assert run <= get_commands().keys()


@pytest.mark.parametrize("kind", ["Deployment", "PodDisruptionBudget", "NetworkPolicy", "Service"])
def test_selectors_find_the_pods_of_the_server(kind):
    for document in of_kind(kind):
        spec = document["spec"]
        selector = spec.get("podSelector") or spec["selector"]
        wanted = selector.get("matchLabels", selector)

        assert wanted.items() <= SERVER["metadata"]["labels"].items(), document["metadata"]["name"]


def test_jobs_get_no_requests():
    (service,) = of_kind("Service")

    for name in TEMPLATES.keys() - {"videoai"}:
        assert not service["spec"]["selector"].items() <= TEMPLATES[name]["metadata"]["labels"].items()


def test_jobs_reach_the_database():
    (to_databases,) = [
        policy for policy in of_kind("NetworkPolicy") if policy["metadata"]["name"] == "to-databases"
    ]

    for template in TEMPLATES.values():
        selector = to_databases["spec"]["podSelector"]["matchLabels"]
        assert selector.items() <= template["metadata"]["labels"].items()


def test_probes_ask_addresses_that_there_are_where_the_server_listens():
    probes = {kind: CONTAINER[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}

    assert {kind: resolve(probe["path"]).func.__name__ for kind, probe in probes.items()} == {
        "startup": "healthz",
        "liveness": "healthz",
        "readiness": "readyz",
    }
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert CONTAINER["ports"] == [{"name": "http", "containerPort": int(dockerfile_environment()["PORT"])}]


def test_a_request_finds_its_way_in():
    (ingress,) = of_kind("Ingress")
    (service,) = of_kind("Service")
    (rule,) = ingress["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]

    assert rule["host"] in CONFIGURATION["ALLOWED_HOSTS"].split(",")
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    assert CONFIGURATION["HTTPS"] == "true"
    assert backend == {"name": service["metadata"]["name"], "port": {"name": "http"}}
    assert service["spec"]["ports"][0]["targetPort"] == "http"


def test_there_are_two_before_one_goes():
    (scaler,) = of_kind("HorizontalPodAutoscaler")
    (deployment,) = of_kind("Deployment")

    assert scaler["spec"]["minReplicas"] >= 2
    assert scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_requests_under_way_are_answered_before_a_pod_is_killed():
    waiting = int(re.search(r"sleep\((\d+)\)", CONTAINER["lifecycle"]["preStop"]["exec"]["command"][-1])[1])
    answering = int(CONFIGURATION["SHUTDOWN_SECONDS"])

    assert waiting + answering < SERVER["spec"]["terminationGracePeriodSeconds"]


def test_names_are_told_once():
    names = [(document["kind"], document["metadata"]["name"]) for document in manifests()]

    assert len(names) == len(set(names))
