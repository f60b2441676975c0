"""What the schema of Compose can't tell: that the parts fit each other and the program."""

import re

import pytest
import yaml

from tests.videoai.deploy.files import (
    DEPLOY,
    ROOT,
    compose,
    dockerfile,
    dockerfile_environment,
    is_setting,
    variables,
    version,
)

TEXT = (DEPLOY / "compose.yaml").read_text()
SERVICES = compose()["services"]
APPS = ("app-1", "app-2", "migrate", "tools", "jobs")
SERVERS = ("app-1", "app-2")


def seconds(text: str) -> int:
    number, unit = int(text[:-1]), text[-1]
    return number * {"s": 1, "m": 60}[unit]


@pytest.mark.parametrize("name", APPS)
def test_every_variable_is_a_setting(name):
    assert [name for name in SERVICES[name]["environment"] if not is_setting(name)] == []


def test_nothing_starts_without_its_secrets():
    """What is no secret may have a default; everything else is told to be missing at some place."""
    without_default = {name for name, text in re.findall(r"\$\{([A-Z_]+)(:\?)", TEXT)}
    secrets = {secret["environment"] for secret in compose()["secrets"].values()}
    optional = {name for name, rest in variables(TEXT).items() if rest.startswith(":-")}

    assert {"SECRET_KEY", "DATABASE_PASSWORD", "REDIS_PASSWORD", "SERVER_NAME"} <= without_default
    assert set(variables(TEXT)) - without_default - secrets == optional
    assert not {name for name in optional if re.search("KEY|PASSWORD|SECRET", name)}


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name):
    image = SERVICES[name]["image"]
    ours = re.fullmatch(r"\$\{[A-Z_]+:-(videoai/models(?:-tools)?:(.+))\}", image)

    if ours:
        assert ours[2] == version()
    else:
        assert re.fullmatch(r"[a-z]+(/[a-z]+)?:v?\d+\.\d+(\.\d+)?(-\w+)?", image)


@pytest.mark.parametrize("name", SERVERS)
def test_requests_under_way_are_answered_before_a_container_is_killed(name):
    told = int(SERVICES[name]["environment"]["SHUTDOWN_SECONDS"])

    assert told < seconds(SERVICES[name]["stop_grace_period"])
    assert told < seconds(SERVICES["nginx"]["stop_grace_period"])


@pytest.mark.parametrize("name", SERVERS)
def test_the_app_starts_on_a_migrated_database_and_writes_only_where_it_may(name):
    assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_only_nginx_is_there_for_everybody():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published.pop("nginx") == ["443:8443", "80:8080"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert compose()["networks"]["back"] == {"internal": True}
    assert all(SERVICES[name]["networks"] == ["back"] for name in ("primary", "replica", "redis"))


def test_nginx_is_believed_and_nobody_else():
    nginx, prometheus = (
        SERVICES[name]["networks"]["front"]["ipv4_address"] for name in ("nginx", "prometheus")
    )
    environment = SERVICES["app-1"]["environment"]

    assert environment["TRUSTED_PROXIES"] == nginx
    assert environment["METRICS_NETWORKS"] == f"127.0.0.1,{prometheus}"


def test_nginx_finds_the_apps_where_they_listen():
    port = dockerfile_environment()["PORT"]

    assert ("EXPOSE", port) in dockerfile()
    asked = re.findall(r"server (\S+):(\d+)", SERVICES["nginx"]["environment"]["UPSTREAM_SERVERS"])
    assert asked == [(name, port) for name in SERVERS]


def test_nginx_is_told_everything_that_its_template_asks_for():
    template = (DEPLOY / "nginx.conf.template").read_text()
    script = (DEPLOY / "compose/nginx.sh").read_text()
    wanted = set(re.findall(r"\$\{([A-Z_]+)\}", template))

    assert SERVICES["nginx"]["environment"].keys() == wanted
    assert set(re.findall(r"\$\{([A-Z_]+)\}", script)) == wanted


def test_what_is_mounted_exists():
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    named = {re.sub(r"\$\{[A-Z_]+:-(.*)\}", r"\1", mount.rpartition(":/")[0]) for mount in mounts}

    assert files
    assert [file for file in files if not (DEPLOY / file).exists()] == []
    assert named - set(files) == compose()["volumes"].keys()
    assert (DEPLOY / SERVICES["app-1"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / SERVICES["app-1"]["build"]["dockerfile"]).exists()


def test_every_container_has_bounds_and_turns_its_log():
    for name, service in SERVICES.items():
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        if service.get("restart") == "unless-stopped":
            assert service["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory"}, name


def test_each_stage_that_is_built_is_in_the_dockerfile():
    stages = {rest.split()[-1] for word, rest in dockerfile() if word == "FROM"}

    assert {SERVICES[name]["build"]["target"] for name in APPS} <= stages


def test_prometheus_asks_the_apps_by_names_that_they_answer_to():
    config = yaml.safe_load((DEPLOY / "compose/prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    (group,) = job["static_configs"]
    hosts = SERVICES["app-1"]["environment"]["ALLOWED_HOSTS"].split(",")

    assert group["targets"] == [f"{name}:{dockerfile_environment()['PORT']}" for name in SERVERS]
    assert set(SERVERS) <= set(hosts)
    assert f'job="{job["job_name"]}"' in (DEPLOY / "watching/alerts.yml").read_text()
